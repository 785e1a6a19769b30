"""How the lines of a log file become the body of a pack: one by one, or all of a pack at once."""

from collections import Counter
from collections.abc import Callable, Iterable

from remit import PageView, ServiceLog
from remit.access_log import page_view
from remit.importer import Importer
from remit.text_log import service_log
from remit_cli.line_datums import LineDatums
from remit_schemas.contract import builtin
from remit_schemas.pack import pack_body, pack_columns

Parse = Callable[[str, int], "PageView | ServiceLog | None"]
"""Turns a line into an event, given when it is collected (milliseconds since 1970); None where it is none."""

KINDS: dict[str, tuple["type[PageView | ServiceLog]", Parse]] = {
    "access-log": (PageView, page_view),
    "log": (ServiceLog, service_log),
}
"""What can be imported: the class of its events, and how a line becomes one."""

IN_COLUMNS = "access-log"
"""The kind of which whole chunks can be read at once."""

AT_ONCE_BYTES_MAX = 256 << 20
"""Lines of one pack that are more than this are no log of a web server: they are read one by one, whatever they are."""

Read = Callable[[list[bytes]], tuple[int, bytes, "Counter[str]"]]
"""Reads the lines of one pack: how many are events, the pack's body, and the others by reason."""


def reader(kind: str, importer: Importer, collected_at_ms: int) -> Read:
    """Make what reads the lines of a pack: all at once where nothing is asked of their events.

    Args:
        kind: One of `KINDS`.
        importer: Admits the events.
        collected_at_ms: When that is, milliseconds since 1970.
    """
    event, parse = KINDS[kind]
    contract = builtin().by_name(event.__contract__)
    if kind != IN_COLUMNS or not importer.asks_nothing(contract):
        return lambda chunk: _one_by_one(importer, parse, chunk, collected_at_ms)
    columns = LineDatums(contract, collected_at_ms)

    def read(chunk: list[bytes]) -> tuple[int, bytes, Counter[str]]:
        if sum(map(len, chunk)) > AT_ONCE_BYTES_MAX:
            return _one_by_one(importer, parse, chunk, collected_at_ms)
        return _at_once(columns, importer, parse, chunk, collected_at_ms)

    return read


def admitted(
    importer: Importer, parse: Parse, lines: Iterable[str], collected_at_ms: int
) -> tuple[list[bytes], Counter[str]]:
    """Turn lines into datums, and count those that are none or may not go, by reason."""
    datums: list[bytes] = []
    refused: Counter[str] = Counter()
    for line in lines:
        event = parse(line, collected_at_ms)
        answer = importer.admit(event) if event else None
        if isinstance(answer, bytes):
            datums.append(answer)
        else:
            refused["unparsed" if answer is None else answer.reason] += 1
    return datums, refused


def _one_by_one(
    importer: Importer, parse: Parse, chunk: list[bytes], collected_at_ms: int
) -> tuple[int, bytes, Counter[str]]:
    lines = (line.decode("utf-8", "replace").rstrip("\r\n") for line in chunk)
    datums, refused = admitted(importer, parse, lines, collected_at_ms)
    return len(datums), pack_body(datums, [b""] * len(datums)), refused


def _at_once(
    columns: LineDatums, importer: Importer, parse: Parse, chunk: list[bytes], collected_at_ms: int
) -> tuple[int, bytes, Counter[str]]:
    refused: Counter[str] = Counter()

    def careful(line: str) -> bytes | None:
        datums, gone = admitted(importer, parse, [line], collected_at_ms)
        refused.update(gone)
        return datums[0] if datums else None

    datums = columns.of(b"".join(chunk), careful)
    body = pack_columns(datums.lengths.astype("<u4").tobytes(), datums.data)
    return len(datums), body, refused
