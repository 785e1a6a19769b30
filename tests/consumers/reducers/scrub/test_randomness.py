"""Drawn words are told from written ones."""

import random
import string

import pytest

from remit_consumers.reducers.scrub import randomness

BASE62 = string.ascii_letters + string.digits


@pytest.mark.parametrize("alphabet", [BASE62, BASE62 + "-_", string.hexdigits.lower()])
def test_nearly_every_drawn_word_is_called_random(alphabet: str) -> None:
    draw = random.Random(7)
    words = ["".join(draw.choices(alphabet, k=32)) for _ in range(2000)]
    assert sum(map(randomness.is_random, words)) > 0.97 * len(words)


@pytest.mark.parametrize(
    "word",
    [
        "tryToReloadTodayBasicSteps1514044800223",
        "attempt_1445144423722_0020_m_000001_0",
        "abcdefghijklmnop0123456789",
        "a1a1a1a1a1a1a1a1a1a1",
        "AKIAIOSFODNN7EXAMPLE",
        "your_api_key_4_here",
    ],
)
def test_no_written_word_is_called_random(word: str) -> None:
    assert not randomness.is_random(word)


def test_a_reference_is_a_placeholder() -> None:
    assert all(
        map(randomness.is_placeholder, ["${TOKEN}", "%TOKEN%", "{{ token }}", "<token>", "$1"])
    )
    assert not randomness.is_placeholder("hV7qZ2kXw9LmT4bNc8Rf")


def test_an_identifier_has_long_pieces() -> None:
    assert randomness.is_identifier("SlackAppConfigurationAccessTokenHere")
    assert not randomness.is_identifier("hVqZkXwLmTbNcRfYsGdPjAuEoQiWxSzKvB")
    assert randomness.piece_chars("+++") == float("inf")
