"""What the benchmark of stream libraries gives them to do: both forms of the function make the same of every event."""

import json
import sys
from pathlib import Path

import pytest

from kit.tree import ROOT
from remit_schemas.contract import builtin

sys.path.append(str(ROOT))  # bench is no package: it is found from the root of the project

from bench.beside.stream_functions import DROPPED, idiomatic, tuned
from bench.beside.streams import LIBRARIES, Asked, write_messages
from bench.events import page_views
from bench.go_peers import check
from bench.line_daemons import DAEMONS
from bench.line_peers import NotHadError, prepared_lines
from bench.per_event import avro_encoder, peer_schema, whole

from remit.access_log import page_view

PAGE_VIEW = builtin().by_name("page_view")
TIMES = (
    "occurred_at",
    "collected_at",
)  # fastavro makes a datetime of them, the tuned decoder does not


def test_the_tuned_function_makes_what_the_idiomatic_one_makes() -> None:
    schema, encode = json.dumps(peer_schema(PAGE_VIEW)), avro_encoder(PAGE_VIEW)
    slow, quick = idiomatic(schema), tuned(schema)
    for number, view in enumerate(page_views(500)):
        message = encode(whole(PAGE_VIEW, view, number))
        made, beside = slow(message), quick(message)
        for name in TIMES:
            assert int(made.pop(name).timestamp() * 1000) == beside.pop(name)
        assert made == beside
        assert made["ip"] != view.values["ip"]
        assert not made.keys() & set(DROPPED)


def test_the_output_of_a_peer_in_go_is_refused_for_one_event_changed_left_out_or_there_twice(
    tmp_path: Path,
) -> None:
    schema, encode = json.dumps(peer_schema(PAGE_VIEW)), avro_encoder(PAGE_VIEW)
    views = enumerate(page_views(50))
    messages = [encode(whole(PAGE_VIEW, view, number)) for number, view in views]
    write_messages(messages, tmp_path / "messages")
    asked = Asked("", "", str(tmp_path / "messages"), schema, 50, 0, str(tmp_path))
    output, made = tmp_path / "output", [tuned(schema)(message) for message in messages]

    def written(events: list[dict[str, object]]) -> Path:
        output.write_text("".join(f"{json.dumps(event)}\n" for event in events), "utf-8")
        return output

    check(asked, written(made))
    whole_agent = {**made[7], "user_agent": "Mozilla/5.0"}
    for wrong in (
        [*made[:7], {**made[7], "ip": "203.0.113.7"}, *made[8:]],
        [*made[:7], whole_agent, *made[8:]],
        made[1:],
        [*made, made[7]],
    ):
        with pytest.raises(NotHadError):
            check(asked, written(wrong))


def test_an_invented_line_is_one_that_the_import_reads(tmp_path: Path) -> None:
    lines = prepared_lines("", 200, tmp_path)
    read = lines.file.read_text("utf-8").splitlines()
    assert len(read) == lines.count
    assert all(page_view(line, 0) for line in read)


@pytest.mark.parametrize("name", [*LIBRARIES, *DAEMONS])
def test_every_peer_of_the_whole_job_stands_on_the_page(name: str) -> None:
    assert f"| {name} |" in (ROOT / "docs" / "benchmarks.md").read_text("utf-8")
