"""Bad input made of good: cut, repeated, nested, with a canary in the middle, and numbers that no type holds."""

from hypothesis import strategies as st

from kit.canaries import CANARY

PLANTED = (
    CANARY.encode(),
    CANARY.encode("utf-16-le"),
    CANARY.replace("@", "%40").encode(),
    f'"{CANARY}"'.encode(),
    b"\xff" + CANARY.encode(),
)
"""Canaries, in the forms in which they arrive."""

WORDS = (
    *(
        b"[",
        b"{",
        b'{"a":',
        b'"',
        b"'",
        b"\\",
        b"\\ud800",
        b"\x00",
        b"\xff\xfe",
        b"\n",
        b",",
        b";",
        b"%",
        b"../",
    ),
    *(
        b"1e999",
        b"-1e999",
        b"Infinity",
        b"NaN",
        b"-1",
        b"0",
        b"9" * 400,
        b"true",
        b"null",
        b"[]",
        b"{}",
        b'""',
    ),
    *(
        b"9999-12-31T23:59:59-23:59",
        b"0001-01-01T00:00:00+23:59",
        b"0001-01-01",
        "\u0660\U0001f600".encode(),
    ),
    *(
        b"\x7f\xff\xff\xff",
        b"\xff\xff\xff\xff\xff\xff\xff\xff\x7f",
        b"\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01",
    ),
)
"""What parsers stumble over: ends of nests, of ranges, of encodings."""

DEEP = 20_000
"""Brackets that no reader may follow down."""

_PIECES = st.one_of(st.sampled_from(PLANTED), st.sampled_from(WORDS), st.binary(max_size=12))
_TIMES = st.sampled_from((1, 1, 1, 2, 300))


@st.composite
def inputs(draw: st.DrawFn, seeds: tuple[bytes, ...]) -> bytes:
    """Draw one input, made of a seed; its canary is in it, whatever else happens to it."""
    data = draw(st.sampled_from(seeds))
    for _ in range(draw(st.integers(1, 3))):
        begin = draw(st.integers(0, len(data)))
        end = min(len(data), begin + draw(st.integers(0, 24)))
        data = data[:begin] + draw(_PIECES) * draw(_TIMES) + data[end:]
    at = draw(st.integers(0, len(data)))
    return data[:at] + draw(st.sampled_from(PLANTED)) + data[at:]


def nested(seed: bytes) -> list[bytes]:
    """Inputs that go deeper than a stack: alone, and in place of each JSON value of a seed."""
    deep = [b"[" * DEEP, b'{"a":' * DEEP, b"(" * DEEP]
    places = [at + 1 for at in range(len(seed)) if seed[at : at + 1] == b":"][:12]
    return [*deep, *(seed[:at] + b"[" * DEEP + b"]" * DEEP + seed[at + 1 :] for at in places)]


def replaced(seed: bytes) -> list[bytes]:
    """A JSON seed with each of its values replaced by each word that is a value itself."""
    values = [
        b"1e999",
        b"Infinity",
        b"NaN",
        b"-1",
        b'"\\ud800"',
        b"[]",
        b"{}",
        b"null",
        b"true",
        b'"x"',
        b"9" * 400,
    ]
    values += [
        b'"9999-12-31T23:59:59-23:59"',
        b'"0001-01-01T00:00:00+23:59"',
        b"[[]]",
        b'["x"]',
        b'{"x":1}',
    ]
    places = [at + 1 for at in range(len(seed)) if seed[at : at + 1] == b":"][:60]
    return [seed[:at] + value + seed[_end(seed, at) :] for at in places for value in values]


def _end(seed: bytes, at: int) -> int:
    """Where the JSON value that begins here ends, roughly."""
    depth, is_text = 0, False
    for place in range(at, len(seed)):
        letter = seed[place : place + 1]
        if letter == b'"' and seed[place - 1 : place] != b"\\":
            is_text = not is_text
        if is_text:
            continue
        if letter in b",}]" and depth == 0:
            return place
        depth += (letter in b"{[") - (letter in b"}]")
    return len(seed)
