"""How issuers write their keys and tokens, as their documentation says."""

import re

from remit_consumers.reducers.scrub import randomness
from remit_consumers.reducers.scrub.rule import Rule

_PREFIXED: tuple[tuple[str, str], ...] = (
    # clouds
    ("AKIA|ASIA|ABIA|ACCA", r"[A-Z2-7]{16}"),  # AWS
    ("ABSK", r"[A-Za-z0-9+/]{100,270}={0,2}"),  # AWS Bedrock
    ("AIzaSy", r"[\w-]{33}"),  # Google
    (r"ya29\.", r"[\w-]{20,255}"),
    ("GOCSPX-", r"[\w-]{28}"),
    ("LTAI", r"[A-Za-z0-9]{17,21}"),  # Alibaba
    ("do[opr]_v1_", r"[a-f0-9]{64}"),  # DigitalOcean
    ("HRKU-", r"[\w-]{36,80}"),  # Heroku
    ("fo1_", r"[\w-]{43}"),  # Fly.io
    ("fm[12][ar]?_", r"[A-Za-z0-9+/]{100,1000}={0,3}"),
    ("pscale_", r"(?:tkn|pw|oauth)_[\w=.-]{32,64}"),  # PlanetScale
    (r"v1\.0-", r"[a-f0-9]{24}-[a-f0-9]{146}"),  # Cloudflare
    ("pul-", r"[a-f0-9]{40}"),  # Pulumi
    ("sha256~", r"[\w-]{43}"),  # OpenShift
    ("tk-us-", r"[\w-]{48}"),  # Scalingo
    # code, builds, registries
    ("gh[pousr]_", r"[A-Za-z0-9]{36,255}"),  # GitHub
    ("github_pat_", r"\w{82}"),
    ("gl[a-z]{2,6}-", r"(?:t\d_|cbt-)?[\w-]{16,300}(?:\.[0-9a-z]{2}[0-9a-z]{7})?"),  # GitLab
    ("npm_", r"[A-Za-z0-9]{36}"),
    ("pypi-AgE", r"[\w-]{50,1000}"),
    ("rubygems_", r"[a-f0-9]{48}"),
    ("CLOJARS_", r"[a-z0-9]{60}"),
    ("oy2", r"[a-z0-9]{43}"),  # NuGet
    ("dckr_[po]at_", r"[\w-]{27,36}"),  # Docker
    ("AKCp", r"[A-Za-z0-9]{69}"),  # Artifactory
    ("cmVmdGtu", r"[A-Za-z0-9]{56}"),
    ("sgp_", r"(?:(?:[a-fA-F0-9]{16}|local)_)?[a-fA-F0-9]{40}"),  # Sourcegraph
    ("sntry[su]_", r"[\w=+/-]{40,512}"),  # Sentry
    ("API-[A-Z0-9]{8}", r"[A-Z0-9]{18}"),  # Octopus Deploy
    ("pnu_", r"[a-z0-9]{36}"),  # Prefect
    ("ATATT3", r"[\w=-]{180,200}"),  # Atlassian
    (r"dp\.(?:pt|st|ct|sa|scim|audit)\.", r"(?:[\w-]{2,35}\.)?[A-Za-z0-9]{40,44}"),  # Doppler
    (r"[pst]at\.", r"[\w-]{22}\.[0-9a-f]{24}\.[A-Za-z0-9]{20}"),  # Harness
    # secrets of secrets
    (r"hv[sbr]\.", r"[\w-]{24,300}"),  # Vault
    ("AGE-SECRET-KEY-1", r"[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{58}"),
    (
        "A3-",
        r"[A-Z0-9]{6}-(?:[A-Z0-9]{11}|[A-Z0-9]{6}-[A-Z0-9]{5})(?:-[A-Z0-9]{5}){3}",
    ),  # 1Password
    ("ops_eyJ", r"[A-Za-z0-9+/=_-]{100,2000}"),
    ("dnkey-", r"[\w=-]{26}-[\w=-]{52}"),  # Defined
    # models
    ("sk-ant-", r"[\w-]{80,120}"),  # Anthropic
    ("sk-", r"(?:proj-|svcacct-|admin-)?[\w-]{20,200}"),  # OpenAI and its likes
    ("hf_|api_org_", r"[A-Za-z]{34}"),  # Hugging Face
    ("pplx-", r"[A-Za-z0-9]{48}"),  # Perplexity
    ("r8_", r"[A-Za-z0-9]{37}"),  # Replicate
    # money and shops
    ("[prs]k_(?:live|test|prod)_", r"[A-Za-z0-9]{10,128}"),  # Stripe
    ("whsec_", r"[A-Za-z0-9+/=]{24,128}"),
    ("shp(?:at|ca|pa|ss)_", r"[a-fA-F0-9]{32}"),  # Shopify
    ("sq0[a-z]{3}-|EAAA", r"[\w-]{22,60}"),  # Square
    ("FLW(?:PUB|SEC)K_TEST-", r"[a-h0-9]{12,32}(?:-X)?"),  # Flutterwave
    ("shippo_(?:live|test)_", r"[a-fA-F0-9]{40}"),
    ("EZ[AT]K", r"[A-Za-z0-9]{54}"),  # EasyPost
    ("duffel_(?:test|live)_", r"[\w=-]{43}"),
    ("(?:live|test)_(?:pub_)?[a-f0-9]{8}", r"[a-f0-9]{23,27}"),  # Lob
    # talk and mail
    (
        r"xox[a-z](?:\.xox[a-z])?-",
        r"(?:\d{8,14}-){1,4}[A-Za-z0-9-]{8,255}|\d-[A-Z0-9]{140,170}",
    ),  # Slack
    ("xox[ar]-", r"[0-9a-zA-Z]{8,48}"),
    (r"xapp-\d-", r"[A-Z0-9]{8,16}-\d{8,16}-[a-z0-9]{16,80}"),
    (r"hooks\.slack\.com/(?:services|workflows|triggers)/", r"[A-Za-z0-9+/]{40,64}"),
    (r"SG\.", r"[\w-]{16,32}\.[\w-]{30,64}"),  # SendGrid
    ("xkeysib-", r"[a-f0-9]{64}-[A-Za-z0-9]{16}"),  # Brevo
    ("(?:pub)?key-[a-f0-9]{8}", r"[a-f0-9]{24}"),  # Mailgun
    ("EAA[MC]", r"[A-Za-z0-9]{30,255}"),  # Facebook
    ("SK[0-9a-f]{8}", r"[0-9a-f]{24}"),  # Twilio
    # measuring, writing, drawing
    ("gl(?:sa|c)_", r"[A-Za-z0-9+/=_]{32,400}"),  # Grafana
    ("NRAK-", r"[A-Z0-9]{27}"),  # New Relic
    ("NRJS-", r"[a-f0-9]{19}"),
    ("NRII-", r"[\w-]{32}"),
    (r"dt0c01\.", r"[A-Z0-9]{24}\.[A-Z0-9]{64}"),  # Dynatrace
    ("PMAK-", r"[a-f0-9]{24}-[a-f0-9]{34}"),  # Postman
    ("dapi", r"[a-f0-9]{32}(?:-\d)?"),  # Databricks
    ("lin_api_", r"[A-Za-z0-9]{40}"),  # Linear
    ("ntn_", r"[0-9]{11}[A-Za-z0-9]{35}"),  # Notion
    ("secret_[A-Za-z0-9]{12}", r"[A-Za-z0-9]{31}"),
    (r"pat[A-Za-z0-9]{14}\.", r"[a-f0-9]{64}"),  # Airtable
    ("figd_", r"[\w-]{40}"),  # Figma
    ("tfp_", r"[\w.=-]{40,80}"),  # Typeform
    ("fio-u-", r"[\w=-]{64}"),  # Frame.io
    ("rdme_", r"[a-z0-9]{70}"),  # ReadMe
    ("ico-", r"[A-Za-z0-9]{32}"),  # Infracost
    ("CFPAT-", r"[\w-]{43}"),  # Contentful
    ("p8e-", r"[a-z0-9]{32}"),  # Adobe
    ("s-s4t2(?:ud|af)-", r"[a-f0-9]{64}"),  # 42
    ("sm_[ps]at_", r"[A-Za-z0-9]{16}"),  # SettleMint
    ("4b1d", r"[A-Za-z0-9]{38}"),  # ClickHouse
)
"""How issuers write their secrets: the prefix, and what follows it. Source: their documentation of token formats."""

_INFIXED: tuple[tuple[str, str], ...] = (
    ("_mmk", r"[A-Za-z0-9]{6}_[A-Za-z0-9]{29}_mmk"),  # MaxMind
    (r"\.atlasv1\.", r"[A-Za-z0-9]{14}\.atlasv1\.[\w=-]{60,70}"),  # Terraform
    ("[0-9]Q~", r"[\w~.-]{3}[0-9]Q~[\w~.-]{31,34}(?![\w~.-])"),  # Azure
    ("[a-f0-9]-us[0-9]", r"[a-f0-9]{32}-us[0-9]{1,2}"),  # Mailchimp
    (r"[0-9]\|[A-Za-z0-9]", r"[0-9]{15,16}\|[\w-]{27}"),  # Facebook
    ("[0-9]:A[A-Za-z0-9]", r"[0-9]{5,16}:A[\w-]{34}"),  # Telegram
)
"""Secrets that have their mark further in: the mark, and the whole form."""


def is_issued(match: re.Match[str]) -> bool:
    """Whether a word in an issuer's form is more than a placeholder for one."""
    last = re.split(r"[-_.|]", match[0])[-1]
    return not randomness.is_placeholder(match[0]) and not randomness.is_identifier(last)


ISSUED = Rule(
    "secret",
    "|".join(
        [
            rf"(?:^|[^A-Za-z0-9])(?:{'|'.join(start for start, _ in _PREFIXED)})",
            *(mark for mark, _ in _INFIXED),
        ]
    ).replace(r"\d", "[0-9]"),
    pattern=re.compile(
        r"(?<![A-Za-z0-9])(?:"
        + "|".join(
            [f"(?:{start})(?:{rest})" for start, rest in _PREFIXED] + [form for _, form in _INFIXED]
        )
        + r")(?![A-Za-z0-9])",
        re.ASCII,
    ),
    check=is_issued,
    is_worded=True,
)
