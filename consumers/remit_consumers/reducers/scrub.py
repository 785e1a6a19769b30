"""The rules of free text: what they look for, how they make sure, and the mark they leave.

A rule is a gate (in the dialect of Rust's regex, true for every text that the rule could change), a pattern and
perhaps a check of the whole match. Every repetition is bounded, so the time grows with the length of the text only.
Gates save the time: Rust reads a text in 0.3 µs where Python's patterns take 3 to 44 (measured: service logs, 127 characters a line).
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import polars as pl

from remit_consumers.reducers import evidence

Check = Callable[[re.Match[str]], bool]


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of personal data or secret in free text.

    Attributes:
        name: What `explain` calls it; the mark is `<name>` unless `mark` says otherwise.
        gate: A Rust regex that is true for every text in which the pattern could match.
        pattern: What is replaced.
        check: Says whether a match really is one; None where the pattern alone is enough.
        mark: What is left, in angle brackets, where it is not the name.
        kept: Groups of the pattern that stay, before the mark.
        narrow: A stricter gate for texts that the first lets through; true, too, wherever the rule changes anything.
        whole: A Rust regex that does what pattern and check do, its two groups what stays around a match; empty
            where only Python can.
    """

    name: str
    gate: str
    pattern: re.Pattern[str]
    check: Check | None = None
    mark: str = ""
    kept: tuple[int | str, ...] = ()
    narrow: str = ""
    whole: str = ""

    def apply(self, text: str) -> str:
        """Replace every match in a text that holds."""
        mark, kept, check = f"<{self.mark or self.name}>", self.kept, self.check

        def left(match: re.Match[str]) -> str:
            if check is not None and not check(match):
                return match[0]
            return "".join([match[group] for group in kept]) + mark

        return self.pattern.sub(left if check or kept else mark, text)

    def apply_all(self, texts: list[str]) -> list[str]:
        """Replace every match in texts that the gate lets through."""
        column = pl.Series(texts, dtype=pl.String)
        if self.whole:
            # Twice: two neighbours share the character between them, and a pass finds only the first.
            again = f"${{1}}<{self.name}>${{2}}"
            once = column.str.replace_all(self.whole, again)
            return once.str.replace_all(self.whole, again).to_list()
        done = list(texts)
        rows = column.str.contains(self.narrow).arg_true() if self.narrow else range(len(done))
        for row in rows:
            done[row] = self.apply(done[row])
        return done


_START = r"(?:^|[^0-9A-Za-z_.])"
"""Where a number begins: a gate that looks inside of words would let every block id through."""

_QUAD = r"[0-9]{1,3}[.\-_][0-9]{1,3}[.\-_][0-9]{1,3}[.\-_][0-9]{1,3}"

_VENDOR = (
    r"(?:(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{12,16}|gh[pousr]_[A-Za-z0-9]{20,255}|github_pat_[A-Za-z0-9_]{20,255}"
    r"|gl[a-z]{2,6}-[A-Za-z0-9_\-]{16,64}|xox[a-z]-[A-Za-z0-9\-]{8,255}|xapp-[A-Za-z0-9\-]{8,255}"
    r"|[prs]k_(?:live|test|prod)_[A-Za-z0-9]{10,128}|sk-[A-Za-z0-9_\-]{20,255}|AIza[A-Za-z0-9_\-]{30,64}"
    r"|ya29\.[A-Za-z0-9_\-]{10,255}|SG\.[A-Za-z0-9_\-]{8,64}\.[A-Za-z0-9_\-]{8,64}|npm_[A-Za-z0-9]{30,64}"
    r"|pypi-[A-Za-z0-9_\-]{16,255}|hf_[A-Za-z]{30,64}|do[opr]_v1_[a-f0-9]{40,64}|shp[a-z]{2}_[A-Fa-f0-9]{32}"
    r"|glsa_[A-Za-z0-9_]{20,64}|hv[sb]\.[A-Za-z0-9_\-]{20,255}|AGE-SECRET-KEY-1[A-Z0-9]{40,64}|lin_api_[A-Za-z0-9]{30,64}"
    r"|ops_eyJ[A-Za-z0-9_\-+/=]{20,512}|whsec_[A-Za-z0-9+/=]{20,128}|(?:NRAK|PMAK|NRII|NRJS)-[A-Za-z0-9\-_]{16,128}"
    r"|dp\.pt\.[A-Za-z0-9]{30,64}|dapi[a-h0-9]{32}|EAA[A-Za-z0-9]{30,255}|key-[a-f0-9]{32}|sq0[a-z]{3}-[A-Za-z0-9_\-]{20,64}"
    r"|A3-[A-Z0-9]{6}-[A-Z0-9\-]{20,40}|p8e-[a-z0-9]{32}|LTAI[A-Za-z0-9]{16,24}|tfp_[A-Za-z0-9_]{30,80})"
)
"""Secrets that their issuers marked with a prefix, as published in the issuers' documentation."""

_PHONE_WORDS = r"(?:phone|mobile|whatsapp|\b(?:tel|cell|fax|sms|handy|dial|call|dialed|called|number)\b|手机|电话)"
"""Words behind which a number is a phone number (also the Chinese for mobile and telephone)."""

_PHONE_GATE = r"(?i-u:phone|mobile|whatsapp|\btel\b|\bcell\b|\bfax\b|\bsms\b|\bhandy\b|\bdial|\bcall(?:ed)?\b|\bnumber\b)|手机|电话"

_PHONE_SHAPES = (
    r"1[3-9][0-9]{9}"
    r"|(?:00[0-9]{1,3}[ .\-]|1[ .\-])?(?:\([0-9]{2,5}\)[ .\-]?|[0-9]{3}[ .\-])[0-9]{3}[ .\-][0-9]{3,4}(?: ?x[0-9]{1,6})?"
    r"|\(?0[0-9]{1,4}\)?(?:[ .\-][0-9]{2,8}){2,5}|\(?0[0-9]{1,4}\)?[ /\-][0-9]{5,8}"
    r"|00[1-9][0-9]{0,2}(?: ?[ \-][0-9]{2,8}){2,5}|00[1-9][0-9]{9,12}"
)
"""How national numbers are written: Chinese mobile, North American, with a trunk zero, with an international prefix."""

_PHONE_AFTER_WORD = rf"(?i:{_PHONE_WORDS.replace(chr(92) + 'b', '')}[^0-9<>]{{0,24}})[(*#]{{0,2}}[0-9](?:[ ().\-/*#]{{0,3}}[0-9]){{4}}"

_PHONE_ALONE = (
    r"(?:^|^[\-:/,]|[^0-9][:/,]|[^0-9_=:(]-|[^0-9A-Za-z_.\-:/,])"
    rf"(?:{_PHONE_SHAPES})(?:$|[^0-9A-Za-z_\-:/.,]|[\-:/.,](?:$|[^0-9]))"
)

_CARD = (
    r"(?:^|[^0-9A-Za-z_.])(?:[2-6][0-9]|06|18)(?:[ \-]?[0-9]){10,17}"
    r"(?:$|[^0-9A-Za-z_\-.,]|[\-.,](?:$|[^0-9]))"
)
"""The first digits are those that `evidence.is_card` asks for."""

_ID = (
    r"(?:^|[^0-9A-Za-z_\-])(?:[0-9]{17}[0-9Xx]|[0-9]{15}|[0-9A-Z]{18}|[0-9]{3}[\- ][0-9]{2}[\- ][0-9]{4})"
    r"(?:$|[^0-9A-Za-z_\-])"
)

_RANDOM = (
    r"[A-Za-z0-9+=]{10}(?:[A-Za-z][+=]{0,3}[0-9]|[0-9][+=]{0,3}[A-Za-z])"
    r"|(?:[A-Za-z][+=]{0,3}[0-9]|[0-9][+=]{0,3}[A-Za-z])[A-Za-z0-9+=]{10}|[+=]{4}"
)
"""A piece of 24 characters in which a letter meets a digit has ten characters more on one side of them."""

_V4 = (
    r"(^|[^0-9.]|(?:^|[^0-9])\.)(?:(?:[01]?[0-9]{1,2}|2[0-4][0-9]|25[0-5])\.){3}"
    r"(?:[01]?[0-9]{1,2}|2[0-4][0-9]|25[0-5])($|[^0-9.]|\.(?:$|[^0-9]))"
)

_V6 = (
    r"(?:^|[^0-9A-Za-z:.])[0-9A-Fa-f:]{2,39}(?:(?:[0-9]{1,3}\.){3}[0-9]{1,3})?(?:%[0-9A-Za-z_]{1,16})?"
    r"(?:$|[^0-9A-Za-z_:])"
)

_VENDOR_GATE = (
    r"AKIA|ASIA|ABIA|ACCA|gh[pousr]_|github_pat_|gl[a-z]+-|xox[a-z]-|xapp-|[prs]k_(?:live|test|prod)_|sk-|AIza|ya29\."
    r"|SG\.|npm_|pypi-|hf_|do[opr]_v1_|shp[a-z]{2}_|glsa_|hv[sb]\.|AGE-SECRET|lin_api_|ops_eyJ|whsec_|NRAK-|PMAK-|NRII-"
    r"|NRJS-|dp\.pt\.|dapi[a-h0-9]|EAA[A-Za-z0-9]|key-[a-f0-9]|sq0[a-z]{3}-|A3-[A-Z0-9]|p8e-|LTAI|tfp_"
)
"""Only the prefixes: one look at a text has to be cheap."""

_KEYS = (
    r"(?:pass(?:word|wd|phrase|code)?|passwd|pwd|secret|token|api[_\-]?key|access[_\-]?key|private[_\-]?key|auth[_\-]?key"
    r"|client[_\-]?secret|authorization|credentials?|sess(?:ion)?[_\-]?id|cookie|signature|encryption[_\-]?key)"
)

_USER_KEYS = r"(?:ruser|logname|acct|username|user_name|user|login|uname)"

RULES: tuple[Rule, ...] = (
    Rule(
        "key",
        "-----BEGIN",
        re.compile(
            r"-----BEGIN [A-Z0-9 ]{0,40}-----(?:(?!-----).){0,8192}(?:-----END [A-Z0-9 ]{0,40}-----)?",
            re.DOTALL,
        ),
    ),
    Rule("secret", _VENDOR_GATE, re.compile(r"(?<![A-Za-z0-9])" + _VENDOR)),
    Rule(
        "token",
        "eyJ",
        re.compile(r"(?<![A-Za-z0-9])eyJ[\w-]{4,4096}(?:\.[\w-]{0,4096}){0,4}", re.ASCII),
    ),
    Rule(
        "url",
        "://",
        re.compile(
            r"\b[A-Za-z][A-Za-z0-9+.-]{1,30}://[^\s<>\"'`|\\^{}]{1,4096}(?<![.,;:!?)\]])", re.ASCII
        ),
    ),
    Rule(
        "email",
        r"@(?:[^0-9 \t]|[0-9][0-9A-Za-z\-]*\.)",
        re.compile(
            r"(?:\"[^\"\s@<>]{1,64}\"|(?<![\w.%+'-])[\w.%+'-]++)@(?P<host>[\w-]{1,63}(?:\.[\w-]{1,63}){0,8})"
        ),
        evidence.is_email,
    ),
    Rule(
        "bearer",
        r"(?i-u:bearer|basic|digest|token)[ \t]",
        re.compile(
            r"\b(bearer|basic|digest|token)([ \t]{1,4})(?P<value>[\w.~+/=-]{8,4096})",
            re.ASCII | re.IGNORECASE,
        ),
        evidence.is_code,
        mark="secret",
        kept=(1, 2),
    ),
    Rule(
        "password",
        rf"(?i-u:{_KEYS})[\"']?[ \t]*[:=]",
        re.compile(
            rf"(?P<key>{_KEYS})(?P<is>[\"']?[ \t]{{0,3}}[:=]{{1,2}}>?[ \t]{{0,3}}[\"']?)(?P<value>[^\s\"',;&<>(){{}}\[\]]{{4,1024}})",
            re.ASCII | re.IGNORECASE,
        ),
        evidence.is_secret_value,
        mark="secret",
        kept=("key", "is"),
    ),
    Rule(
        "user",
        rf"(?i-u:{_USER_KEYS}=|(?:accepted|failed|postponed) [a-z0-9_/-]+ for |(?:invalid|illegal|unknown|for) user|\(uid=|sudo)",
        re.compile(
            rf"(?P<before>(?<![\w-]){_USER_KEYS}=[\"']?"
            r"|\b(?:accepted|failed|postponed) [\w/-]{1,30} for (?:(?:invalid|illegal) user )?"
            r"|\b(?:invalid|illegal|unknown|for) user:? |\bsudo(?:\[[0-9]{1,9}\])?:\s{1,8}|\bby (?=[\w.-]{1,64}\(uid=))"
            r"(?P<value>[^\s\"',;<>()]{1,64})",
            re.IGNORECASE,
        ),
        evidence.is_user,
        kept=("before",),
    ),
    Rule(
        "host",
        r"(?i-u:rhost=)",
        re.compile(r"\b(rhost=)(?![0-9.]{7,15}\b)([\w.:-]{1,253})", re.IGNORECASE),
        kept=(1,),
    ),
    Rule(
        "mac",
        r"(?:[0-9A-Fa-f]{2}[:\-]){5}[0-9A-Fa-f]{2}|[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}",
        re.compile(
            r"(?<![\w:-])[0-9A-F]{2}([:-])(?:[0-9A-F]{2}\1){4}[0-9A-F]{2}(?![\w:-])"
            r"|(?<![\w.])[0-9A-F]{4}\.[0-9A-F]{4}\.[0-9A-F]{4}(?![\w.])",
            re.ASCII | re.IGNORECASE,
        ),
    ),
    Rule(
        "host",
        _QUAD + r"[A-Za-z0-9_.\-]*\.[A-Za-z]",
        re.compile(
            r"(?<![\w.-])(?:[A-Za-z][\w-]{0,40}[.-]){0,2}[A-Za-z]{0,8}(?:[0-9]{1,3}[._-]){3}[0-9]{1,3}"
            r"(?:[.-][\w-]{1,63}){0,8}\.[A-Za-z]{2,24}(?![\w-])",
            re.ASCII,
        ),
    ),
    Rule(
        "ip",
        r"[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}",
        re.compile(
            r"(?<![0-9])(?<![0-9]\.)[0-9]{1,3}(?:\.[0-9]{1,3}){3}(?![0-9])(?!\.[0-9])", re.ASCII
        ),
        evidence.is_v4,
        whole=_V4,
    ),
    Rule(
        "ip",
        r"::|(?:[0-9A-Fa-f]{1,4}:){6}[0-9A-Fa-f]",
        re.compile(
            r"(?<![0-9A-Za-z:.])[0-9A-F:]{2,39}(?:(?:[0-9]{1,3}\.){3}[0-9]{1,3})?(?:%\w{1,16})?(?![\w:])",
            re.ASCII | re.IGNORECASE,
        ),
        evidence.is_v6,
        narrow=_V6,
    ),
    Rule(
        "host",
        r"<ip> \(",
        re.compile(r"(<ip> \()[A-Za-z][\w.-]{2,252}(?=\))", re.ASCII),
        kept=(1,),
    ),
    Rule(
        "iban",
        r"(?:^|[^A-Za-z0-9])[A-Za-z]{2}[0-9]{2}(?:[ \-]?[A-Za-z0-9]{4}){2}",
        re.compile(
            r"(?<![A-Z0-9])[A-Z]{2}[0-9]{2}(?:[ -]?[A-Z0-9]{4}){2,7}(?:[ -]?[A-Z0-9]{1,3})?(?![A-Z0-9])",
            re.ASCII | re.IGNORECASE,
        ),
        evidence.is_iban,
    ),
    Rule(
        "id",
        _START + r"(?:[0-9]{15}|[0-9A-Z]{18}|[0-9]{17}[Xx]|[0-9]{3}[\- ][0-9]{2}[\- ][0-9]{4})",
        re.compile(
            r"(?<![\w-])(?:[0-9]{17}[0-9Xx]|[0-9]{15}|[0-9A-Z]{18}|[0-9]{3}([- ])[0-9]{2}\1[0-9]{4})(?![\w-])",
            re.ASCII,
        ),
        evidence.is_national_id,
        narrow=_ID,
    ),
    Rule(
        "card",
        _START + r"[0-6][0-9](?:[ \-]?[0-9]){10}",
        re.compile(
            r"(?<![\w.])(?<![0-9][-.,])(?<![_ =:(]-)[0-6][0-9](?:[ -]?[0-9]){10,17}(?!\w)(?![-.,][0-9])",
            re.ASCII,
        ),
        evidence.is_card,
        narrow=_CARD,
    ),
    Rule(
        "phone",
        r"\+[ (]{0,2}[0-9]",
        re.compile(r"(?<![\w+])\+[ (]{0,2}[0-9](?:[ ().\-/]{0,3}[0-9]){5,16}(?![0-9])", re.ASCII),
        evidence.is_phone,
    ),
    Rule(
        "phone",
        rf"(?:{_PHONE_GATE})[^0-9]*[0-9]",
        re.compile(
            rf"(?P<before>{_PHONE_WORDS}[^0-9<>]{{0,24}})(?<![\w.])"
            r"(?P<value>[(*#]{0,2}[0-9](?:[ ().\-/*#]{0,3}[0-9]){4,16})(?![0-9:])(?![.\-][0-9])(?!\w)",
            re.IGNORECASE,
        ),
        evidence.is_number_after_word,
        kept=("before",),
        narrow=_PHONE_AFTER_WORD,
    ),
    Rule(
        "phone",
        rf"{_START}(?:{_PHONE_SHAPES})",
        re.compile(
            rf"(?<![\w.])(?<![0-9][-:/,])(?<![_=:(]-)(?:{_PHONE_SHAPES})(?!\w)(?![-:/.,][0-9])",
            re.ASCII,
        ),
        evidence.has_phone_digits,
        narrow=_PHONE_ALONE,
    ),
    Rule(
        "domain",
        r"(?i-u:www\.|\.(?:com|org|net|edu|gov|info|biz)\b)",
        re.compile(
            r"(?<![\w.@/-])(?:www\.[\w-]{1,63}(?:\.[\w-]{1,63}){1,6}|(?!(?:org|com|net|java|javax|edu|io)\.)"
            r"[A-Za-z0-9](?:[\w-]{0,62}\.)(?:[\w-]{1,63}\.){0,5}(?:com|org|net|edu|gov|info|biz)(?:\.[a-z]{2})?)(?![\w-])(?!\.\w)(?:/[^\s<>\"']{0,1024}(?<![.,;:!?)]))?",
            re.ASCII | re.IGNORECASE,
        ),
    ),
    Rule(
        "token",
        r"[A-Za-z0-9+/_\-]{32}",
        re.compile(
            r"(?<![A-Za-z0-9+/_=-])[A-Za-z0-9+/_-]{32,1024}={0,2}(?![A-Za-z0-9+/_=-])", re.ASCII
        ),
        evidence.is_random,
        narrow=_RANDOM,
    ),
)
"""Every rule, in the order in which they are applied: what holds other kinds in it comes first."""

_WORDED = frozenset(
    {"key", "secret", "token", "url", "email", "bearer", "password", "user", "domain"}
)


def _looks_for_words(rule: Rule) -> bool:
    """Whether a rule's gate is made of words; long words without any belong to the shapes."""
    return rule.name in _WORDED and not rule.narrow


def _any_of(rules: Iterable[Rule]) -> str:
    """Join the gates of rules."""
    return "|".join(sorted({f"(?:{rule.gate})" for rule in rules}))


WORDS = _any_of(rule for rule in RULES if _looks_for_words(rule))
"""One look that is true for every text which a rule made of words could change."""

SHAPES = _any_of(rule for rule in RULES if not _looks_for_words(rule))
"""One look that is true for every text which any other rule could change.

Words and shapes in one have so many states that the engine keeps forgetting them
(measured: 1.85 against 1.2 µs a line of real service logs, but 0.21 against 0.35 where no line holds anything).
"""

LOOKS = tuple(WORDS if _looks_for_words(rule) else SHAPES for rule in RULES)
"""The look that comes before the gate of each rule."""

GATE = f"{WORDS}|{SHAPES}"
"""Both looks in one."""
