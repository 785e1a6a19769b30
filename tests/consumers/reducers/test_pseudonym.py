"""Pseudonyms tie nothing together but what they are for."""

import hashlib
import hmac

from hypothesis import given
from hypothesis import strategies as st

from remit_consumers.reducers.pseudonym import pseudonyms

SECRET = bytes(range(32))


def test_a_pseudonym_is_the_hmac_of_domain_and_epoch_cut_to_sixteen_bytes() -> None:
    whole = hmac.new(SECRET, b"storage\x1f2021-11", hashlib.sha256).hexdigest()
    assert pseudonyms([SECRET], "storage", "2021-11") == [whole[:32]]


def test_another_domain_or_epoch_gives_another_pseudonym() -> None:
    made = {pseudonyms([SECRET], d, e)[0] for d in ("storage", "analytics") for e in ("", "1", "2")}
    assert len(made) == 6


@given(st.lists(st.binary(min_size=32, max_size=32), unique=True))
def test_each_secret_has_its_own_and_always_the_same(secrets: list[bytes]) -> None:
    made = pseudonyms(secrets, "storage")
    assert len(set(made)) == len(secrets)
    assert made == pseudonyms(secrets, "storage")
