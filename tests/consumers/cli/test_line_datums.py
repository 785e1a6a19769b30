"""Whole chunks of an access log as datums: byte for byte what each line gives alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remit.access_log import page_view
from remit_cli.line_datums import LineDatums
from remit_cli.line_parts import LINE_BYTES_MAX
from remit_cli.sample import sample_lines
from remit_schemas.codec import encoder
from remit_schemas.contract import builtin

NOW = 1_800_000_000_000
CONTRACT = builtin().by_name("page_view")
ENCODE = encoder(CONTRACT)
COLUMNS = LineDatums(CONTRACT, NOW)
PLAIN = (
    '203.0.113.9 - alice [26/Apr/2016:00:00:01 +0200] "GET /a?b=1 HTTP/1.1" 404 8229 '
    '"https://www.example.org/x" "Mozilla/5.0 (X11)"'
)


def alone(line: str) -> bytes | None:
    """What one line gives."""
    event = page_view(line, NOW)
    return None if event is None else ENCODE(event)


def lines_of(chunk: bytes) -> list[str]:
    """The lines of a chunk, without their ends."""
    whole = chunk.removesuffix(b"\n").split(b"\n") if chunk else []
    return [line.decode("utf-8", "replace").rstrip("\r\n") for line in whole]


def read(chunk: bytes) -> tuple[list[bytes], list[str]]:
    """The datums of a chunk, and the lines that had to be read alone."""
    asked: list[str] = []

    def careful(line: str) -> bytes | None:
        asked.append(line)
        return alone(line)

    made = COLUMNS.of(chunk, careful)
    ends = made.lengths.cumsum().tolist()
    assert (ends or [0])[-1] == len(made.data)
    return [
        made.data[end - size : end] for end, size in zip(ends, made.lengths.tolist(), strict=True)
    ], asked


def assert_same(chunk: bytes) -> None:
    """Together the lines give what each gives alone."""
    assert read(chunk)[0] == [datum for datum in map(alone, lines_of(chunk)) if datum is not None]


def test_the_lines_of_a_log_give_together_what_each_gives_alone() -> None:
    chunk = "".join(f"{line}\n" for line in sample_lines(3_000)).encode()
    assert_same(chunk)
    assert len(read(chunk)[1]) < 1_500, "most lines are plain and are not read alone"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("", ""),
        ("alice", "-"),
        ("alice", "[alice"),
        ("alice ", " "),
        ("404", "000"),
        ("404", "999"),
        ("+0200", "-1130"),
        ("00:00:01", "23:59:60"),
        ("https://www.example.org/x", "-"),
        ("https://www.example.org/x", ""),
        ("Mozilla/5.0 (X11)", "-"),
        ("Mozilla/5.0 (X11)", ""),
        ("Mozilla/5.0 (X11)", "a" * 3_000),
        ("/a?b=1", "/" + "a" * 100),
        ("GET", "-"),
        ("HTTP/1.1", "HTTP/"),
        ("26/Apr/2016", "01/Aug/1970"),
        ("26/Apr/2016", "01/Sep/2039"),
    ],
)
def test_a_plain_line_is_read_with_the_others_and_says_the_same(old: str, new: str) -> None:
    line = PLAIN.replace(old, new, 1) if old else PLAIN
    datums, asked = read(f"{line}\n{PLAIN}\n".encode())
    assert datums == [alone(line), alone(PLAIN)]
    assert asked == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("203.0.113.9", ""),
        ("alice", "alice smith"),
        ("alice", "ålice"),
        ("alice", "al\tice"),
        ("- alice", "alice"),
        (" 404 ", " 4x4 "),
        (" 404 ", " 4044 "),
        (" 404 ", " ٤٠٤ "),
        ("8229", ""),
        ("8229", "82 29"),
        ("26/Apr", "26/Foo"),
        ("26/Apr", "31/Feb"),
        ("26/Apr/2016", "1 /Apr/2016"),
        ("26/Apr/2016", "26]Apr/2016"),
        ("26/Apr/2016", "01/Jan/0001"),
        ("26/Apr/2016", "01/Jan/1970"),
        ("26/Apr/2016", "01/Oct/2039"),
        ("00:00:01", "24:00:01"),
        ("00:00:01", "00:60:01"),
        ("00:00:01", "00:00:61"),
        ("+0200", "00200"),
        ("+0200", "+02:00"),
        ("01 +0200", "01]+0200"),
        ("GET /a?b=1 HTTP/1.1", "-"),
        ("GET /a?b=1 HTTP/1.1", ""),
        ("GET /a?b=1 HTTP/1.1", "GET /a"),
        ("GET /a?b=1", "GET /a b"),
        ("GET /a?b=1", "GET "),
        ("HTTP/1.1", "HTTX/1.1"),
        ("HTTP/1.1", "HTT"),
        ("HTTP/1.1", 'H"'),
        ("/a?b=1", '/a\\"b'),
        ("/a?b=1", '/a"b'),
        ("https://www.example.org/x", "a search"),
        ("https://www.example.org/x", "\x7f"),
        ("(X11)", '(\\"X11\\")'),
        ("(X11)", '"X11"'),
        ("(X11)", "(\u00e9)"),
        ('" "Mozilla', '"  "Mozilla'),
        ('" "Mozilla', '""Mozilla'),
        ('(X11)"', '(X11)" '),
        ('(X11)"', '(X11)"x'),
        ('(X11)"', "(X11)"),
        ('(X11)"', '(X11)"\r'),
        ("Mozilla/5.0 (X11)", "a" * LINE_BYTES_MAX),
        (PLAIN, ""),
        (PLAIN, '""""""'),
    ],
)
def test_every_other_line_is_read_alone_and_keeps_its_place(old: str, new: str) -> None:
    line = PLAIN.replace(old, new, 1)
    assert line != PLAIN
    second = PLAIN.replace("404", "200")
    datums, asked = read(f"{PLAIN}\n{line}\n{second}\n".encode())
    assert asked == [line.rstrip("\r")]
    assert datums == [each for each in map(alone, (PLAIN, line, second)) if each is not None]


def test_a_last_line_without_its_end_is_a_line() -> None:
    datums, asked = read(f"{PLAIN}\n{PLAIN}".encode())
    assert datums == [alone(PLAIN)] * 2
    assert asked == [PLAIN]


@pytest.mark.parametrize("chunk", [b"", b"\n", b"\n\n", b"x", PLAIN.encode(), b"\xff\xfe\n"])
def test_a_chunk_of_no_plain_line_is_read_all_the_same(chunk: bytes) -> None:
    assert_same(chunk)


@given(
    st.lists(
        st.tuples(
            st.integers(0, len(PLAIN) - 1),
            st.sampled_from([*' "[]\\/:+-0a9\n\r\té', "", " ", '" "']),
            st.integers(0, 3),
        ),
        max_size=4,
    )
)
def test_no_damage_to_a_line_makes_it_say_another_thing(
    damages: list[tuple[int, str, int]],
) -> None:
    line = PLAIN
    for place, text, gone in damages:
        line = line[:place] + text + line[place + gone :]
    assert_same(f"{PLAIN}\n{line}\n{PLAIN}\n".encode())
