"""Requests are signed as RFC 9421 says, so that any library of a receiver can check them."""

import base64

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from remit_consumers.erasure.signing import parameters, signature_base

SEED = base64.urlsafe_b64decode("n4Ni-HpISpVObnQMW0wOhCKROaIKqKtW_2ZYb2p9KcU=")
"""RFC 9421, appendix B.1.4: test-key-ed25519."""

COVERED = {
    "date": "Tue, 20 Apr 2021 02:07:55 GMT",
    "@method": "POST",
    "@path": "/foo",
    "@authority": "example.com",
    "content-type": "application/json",
    "content-length": "18",
}


def test_the_rfcs_own_example_has_the_rfcs_own_signature() -> None:
    params = parameters(COVERED, 'created=1618884473;keyid="test-key-ed25519"')
    signature = Ed25519PrivateKey.from_private_bytes(SEED).sign(signature_base(COVERED, params))
    expected = (
        "wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw=="
    )
    assert base64.b64encode(signature).decode() == expected
