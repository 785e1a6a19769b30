"""Secrets go by their form, their name or their randomness; placeholders, references and hashes stay."""

import pytest

from remit_consumers.reducers.free_text import scrubbed

DRAWN = "hV7qZ2kXw9LmT4bNc8RfY3sGd6PjA1uE"


@pytest.mark.parametrize(
    ("value", "clean"),
    [
        (f"use ghp_{DRAWN}x4W2 now", "use <secret> now"),
        ("id AKIA" + "Q3EGUZ5LWX7RNTBV.", "id <secret>."),
        (f"api_key: {DRAWN[:12]}", "api_key: <secret>"),
        (f'"clientSecret" := "{DRAWN}"', '"clientSecret" := "<secret>"'),
        ("X-Api-Key: 3a16750d-d363-41a4-8ebd-035408f7730f", "X-Api-Key: <secret>"),
        ('<add key="Password" value="hunter2x" />', '<add key="Password" value="<secret>" />'),
        ("<password>hunter2x</password>", "<password><secret></password>"),
        ("BUNDLE_GEMS__EXAMPLE__COM=cafebabe:deadbeef", "BUNDLE_GEMS__EXAMPLE__COM=<secret>"),
        ('curl -u "alice:Xy7pq!" https://localhost', 'curl -u "<secret>" https://localhost'),
        ("Authorization: Basic dXNlcjpwYXNz", "Authorization: Basic <secret>"),
        ("password=12345678", "password=<secret>"),
        ("password=correct.horse.battery", "password=<secret>"),
        (f"found {DRAWN} in it", "found <token> in it"),
        ("-----BEGIN RSA PRIVATE KEY----- MIIEpQIBAAKCAQEA -----END RSA PRIVATE KEY-----", "<key>"),
        ("-----BEGIN RSA PRIVATE KEY----- MIIEpQIBAAKCAQEA", "<key>"),
    ],
)
def test_a_secret_goes(value: str, clean: str) -> None:
    assert scrubbed([value]) == [clean]


@pytest.mark.parametrize(
    "value",
    [
        "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "AKIAIOSFODNN7EXAMPLE",
        "token=0123456789abcdef0123456789abcdef" + "0123",
        "api_key=${API_KEY} password=$PASS secret={{ secret }}",
        "password = random_password.main.result",
        "token = getToken(12345678)",
        "password is required, token expired",
        'curl -u "$USER:$PASS" and curl -u username:password x',
        "credentialsId: 'ff083f76-7804-4ef1-80e4-fe975bb9141b'",
        "commit 9fceb02d0ae598e95dc970b74767f19372d61af8",
        "csrf-token=" + DRAWN[:20],
        "PublicKeyToken=b77a5c561934e089",
        "sessionid: 0x14ede63a5a70002",
        "OP_TOKEN=" + DRAWN[:12] + "...",
        "tryToReloadTodayBasicSteps1514044800223AndMore",
        "-----BEGIN PRIVATE KEY----------END PRIVATE KEY-----",
        "wtoken = AppWindowToken{9f4ef63 token=Token{a64f992}}",
        "sessionToken: <token> password=<secret>next",
    ],
)
def test_what_only_looks_like_one_stays(value: str) -> None:
    assert scrubbed([value]) == [value]
