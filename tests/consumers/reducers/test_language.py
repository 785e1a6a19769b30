"""The first preferred language, and only its primary subtag."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remit_consumers.reducers.language import primary


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("de", "de"),
        ("de-CH,de;q=0.9,en;q=0.8", "de"),
        ("da, en-gb;q=0.8, en;q=0.7", "da"),
        ("en;q=0.5, fr", "fr"),
        ("en;q=0.5, fr;q=0.5", "en"),
        ("fr;q=0, en;q=0.1", "en"),
        ("*, en;q=0.5", "en"),
        ("zh-Hant-TW", "zh"),
        ("EN-us", "en"),
        ("yue-Hant", "yue"),
        (" , de ,, en;q=0.1", "de"),
        ("de ; q=1.000", "de"),
        ("en_US", "en"),
        ("en;q=0.001", "en"),
        ("EN;Q=0.3", "en"),
        ("en\t;\tq=0.5\t,\tfr;q=0.6", "fr"),
        ("de;q=0.999, fr;q=1.000", "fr"),
        ("*;q=0, en", "en"),
        ("*;q=0.7, nl;q=0.1", "nl"),
        ("fr;q=0, FR", ""),
        ("xx, de;q=0.1", "de"),
        ("en-x-twain", "en"),
        ("sl-IT-nedis", "sl"),
        ("de-CH-1996", "de"),
        ("hy-Latn-IT-arevela", "hy"),
        ("zh-cmn-Hans-CN", "zh"),
        ("zh-min-nan", "nan"),
        ("i-klingon", "tlh"),
        ("art-lojban", "jbo"),
        ("iw-IL", "he"),
        ("in", "id"),
        ("ji", "yi"),
        ("no", "no"),
        ("nb-NO", "nb"),
        ("deu", "de"),
    ],
)
def test_a_header_names(header: str, language: str) -> None:
    assert primary(header) == language


@pytest.mark.parametrize(
    "header",
    [
        *(
            "",
            "*",
            "*;q=0.5",
            "de;q=0",
            "xx",
            "joh",
            "alice",
            "i-enochian",
            "mul",
            "und",
            "qaa",
            "en;q=.5",
            "en;q=1.001",
            "en;q=00.5",
            "en;q=0.",
            "en;q =0.5",
            "en;q= 0.5",
            "en;q=0.5;x=1",
            "en\u00a0",
            "en;q=\u0661",
            "*;q=0",
            "en-abcdefghi",
            "x-private",
            "de;q=2",
            "de;q=1.5",
            "de;q=0.1234",
        ),
        *(
            "de;level=1",
            "<script>",
            "d\u00e9",
            "de en",
            "de;;q=1",
            "a@example.com",
            "de," * 1_000,
            "-de",
            "de--CH",
            "123",
        ),
    ],
)
def test_what_is_no_header_is_never_stored(header: str) -> None:
    assert primary(header) == ""


WEIGHTS = st.integers(0, 1_000).map(lambda q: f"{q / 1_000:.3f}")
RANGES = st.tuples(st.sampled_from(["de", "en-GB", "fr-Latn-FR", "yue", "*"]), WEIGHTS)
SPACES = st.sampled_from(["", " ", "\t", " \t "])


@given(st.lists(RANGES, min_size=1, max_size=6), SPACES)
def test_the_greatest_weight_wins_and_the_first_of_equals(
    ranges: list[tuple[str, str]], space: str
) -> None:
    header = f"{space},{space}".join(f"{tag}{space};{space}q={q}" for tag, q in ranges)
    first = {tag: float(q) for tag, q in reversed(ranges) if tag != "*"}
    wanted = [tag for tag, _ in ranges if first.get(tag)]
    best = max(wanted, key=first.__getitem__) if wanted else ""
    assert primary(header) == best.partition("-")[0]


@pytest.mark.clause("S025c")
@given(st.text(max_size=40))
def test_what_comes_out_is_a_short_word_in_lower_case_or_nothing(header: str) -> None:
    found = primary(header)
    assert found == "" or (found.isalpha() and found.islower() and len(found) <= 3)
