"""What scores the reducers can tell good from bad: on invented rows, each score is the one that a reader would count."""

import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from ipaddress import ip_address

import pytest

from kit.tree import ROOT

sys.path.append(str(ROOT))  # bench is no package: it is found from the root of the project

from bench.measure import Figure
from bench.peer_reducers import PEERS
from bench.quality import addresses, agents, bits, languages, referrers, tables, texts
from bench.quality.asked import MOST, Answers, Out, remit
from bench.quality.labelled import every
from bench.quality.made import DRAWN, made
from bench.quality.row import REMIT, Row, Where
from bench.quality.scores import (
    Span,
    TextScore,
    browser_class,
    device_class,
    entropy,
    percent,
    system_class,
    unique_share,
)
from stdnum import luhn
from stdnum.cn import uscc
from stdnum.iso7064 import mod_11_2

WHERE = Where("table", "invented")
TEXT = "login of ann from 192.0.2.7"
SPANS: list[Span] = [(9, 12, "USER"), (18, 27, "IP")]


def scored(out: str, *kinds: str, text: str = TEXT, spans: list[Span] = SPANS) -> TextScore:
    score = TextScore()
    score.add(text, spans, out, kinds or ("USER", "IP"))
    return score


def by_measure(rows: list[Row]) -> dict[str, Mapping[str, float]]:
    return {row.measure: row.scores for row in rows}


@pytest.mark.parametrize(
    ("out", "leaks", "lost"),
    [
        ("login of <user> from <ip>", {}, 0),
        (TEXT, {"USER": 1, "IP": 1}, 0),
        ("login of ann from <ip>", {"USER": 1}, 0),
        ("<gone>", {}, 3),
        ("from of login <user> <ip>", {}, 0),
        ("annual login of <user> from 192.0.2.70", {}, 0),
    ],
)
def test_a_text_is_judged_by_what_stands_and_what_is_lost(
    out: str, leaks: dict[str, int], lost: int
) -> None:
    score = scored(out)
    assert {kind: n for kind, n in score.leaks.items() if n} == leaks
    assert (score.spans.total(), score.words, score.lost) == (2, 3, lost)


def test_kinds_that_may_stay_are_neither_leaks_nor_words() -> None:
    score = scored("of from ann 192.0.2.7", "IP")
    assert dict(score.leaks) == {"IP": 1}
    assert (score.words, score.lost) == (3, 1)


def test_a_copy_outside_every_span_explains_one_that_stands() -> None:
    text, spans = "root login of root", [(14, 18, "USER")]
    assert scored("root login of <user>", text=text, spans=spans).leaks["USER"] == 0
    assert scored("root login of root", text=text, spans=spans).leaks["USER"] == 1


def test_only_texts_without_any_label_count_as_clean() -> None:
    unlabelled: list[Span] = []
    assert (scored("x").clean, scored("x").changed) == (0, 0)
    assert scored("nothing here", text="nothing here", spans=unlabelled).changed == 0
    assert scored("nothing", text="nothing here", spans=unlabelled).changed == 1


@pytest.mark.parametrize(
    ("fold", "name", "kind"),
    [
        (browser_class, "Chrome Mobile iOS", "Chrome"),
        (browser_class, "Mobile Safari", "Safari"),
        (browser_class, "IE", "IE"),
        (browser_class, "Some New-Browser", "somenewbrowser"),
        (browser_class, None, ""),
        (system_class, "Mac OS X", "Mac"),
        (system_class, "GNU/Linux", "Linux"),
        (system_class, "", ""),
        (device_class, "phablet", "mobile"),
        (device_class, "wearable", "other"),
        (device_class, None, ""),
    ],
)
def test_names_of_one_thing_are_one_class(
    fold: Callable[[object], str], name: str | None, kind: str
) -> None:
    assert fold(name) == kind


def test_shares_and_bits_are_those_that_one_counts() -> None:
    assert percent(1, 4) == 25
    assert percent(0, 0) is None
    assert percent(1, 10, of=1000) is None
    assert entropy(["a", "b", "a", "b"]) == 1
    assert entropy([]) == entropy(["a"] * 9) == 0
    assert unique_share(["a", "a", "b", "c"]) == 50


def test_an_agent_is_right_by_either_name_and_silent_peers_have_no_score() -> None:
    labelled = [
        agents.Agent("x/1", frozenset({"Chrome"}), frozenset({"Android"}), "mobile", is_bot=False),
        agents.Agent("y/1", frozenset({"Chrome", "Opera"}), is_bot=True),
    ]
    answers: dict[str, dict[str, Out]] = {
        REMIT: {
            "x/1": {"browser": "Chrome", "os": "iOS", "device": "mobile", "bot": True},
            "y/1": {"browser": "Opera Mini", "os": None, "device": None, "bot": False},
        },
        "finder": {"x/1": {"bot": False}, "y/1": {"bot": True}},
    }
    found = {name: Answers(outs) for name, outs in answers.items()}
    scores = by_measure(list(agents.judged(WHERE, labelled, found, {})))
    assert scores == {
        "browser right": {REMIT: 100},
        "system right": {REMIT: 0},
        "device class right": {REMIT: 100},
        "bots found": {REMIT: 0, "finder": 100},
        "real browsers called bots": {REMIT: 100, "finder": 0},
    }


def test_texts_are_judged_by_kind_and_only_where_a_peer_was_asked() -> None:
    labelled = [texts.Text(TEXT, SPANS), texts.Text("all is well", [])]
    outs = {TEXT: "login of ann from <ip>", "all is well": "all is"}
    found = {REMIT: Answers(outs), "half": Answers({"all is well": "all is well"})}
    rows = list(texts.judged(WHERE, labelled, found, {"USER left": 5}, ("USER", "IP")))
    assert by_measure(rows) == {
        "spans left": {REMIT: 50},
        "USER left": {REMIT: 100},
        "IP left": {REMIT: 0},
        "clean words lost": {REMIT: pytest.approx(100 / 6)},
        "clean texts changed": {REMIT: 100, "half": 0},
    }
    assert [row.is_met for row in rows if row.goal is not None] == [False]


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.77", "203.0.113.0"),
        ("::ffff:203.0.113.77", "203.0.113.0"),
        ("2001:db8:1:2::3", "2001:db8:1::"),
        ("2002:cb00:714d:1::1", "2002:cb00:7100::"),
    ],
)
def test_the_right_network_of_an_address_is_known(address: str, network: str) -> None:
    assert addresses.cut(ip_address(address)) == network
    assert addresses.is_right(network, network)
    assert not addresses.is_right(address, network)
    assert not addresses.is_right(None, network)


def test_a_referrer_is_judged_by_part_and_a_term_by_any_spelling() -> None:
    visit = referrers.Visit("https://s.example/?q=red+shoes", "search", "S", "red shoes")
    found = {
        REMIT: Answers({visit.value: {"domain": "s.example", "medium": "social", "source": "s"}}),
        "reader": Answers({visit.value: {"medium": "search", "source": "T", "term": "red+shoes"}}),
        "tldextract": Answers({visit.value: {"domain": "s.example"}}),
    }
    assert by_measure(list(referrers.judged("invented", [visit], found))) == {
        "medium right": {REMIT: 0, "reader": 100},
        "source right": {REMIT: 100, "reader": 0},
        "domain as tldextract": {REMIT: 100, "tldextract": 100},
        "search terms left": {REMIT: 0, "reader": 100, "tldextract": 0},
    }


def test_bits_are_counted_before_and_after_each_reducer_and_of_rows_together() -> None:
    columns = {"ip": ["192.0.2.1", "192.0.2.2"], "language": ["de-AT", "de-AT"]}
    found = {each.reducer: each for each in bits.compared("invented", columns, ("ip", "language"))}
    assert found["ip"].distinct == found["ip and language"].distinct == (2, 1)
    assert found["ip"].entropy == (1, 0)
    assert found["language"].alone == (0, 0)
    assert found["ip and language"].alone == (100, 0)


@pytest.mark.parametrize("kind", DRAWN)
def test_drawn_numbers_stand_in_their_texts_and_are_the_same_each_time(kind: str) -> None:
    drawn = made(kind)
    assert all(number in text for text, number in drawn)
    assert drawn == made(kind)
    assert len({number for _, number in drawn}) > len(drawn) * 0.9


def test_drawn_numbers_have_right_check_digits() -> None:
    numbers = {kind: [number for _, number in made(kind)] for kind in DRAWN}
    assert all(map(mod_11_2.is_valid, numbers["Chinese resident ids"]))
    assert all(map(uscc.is_valid, numbers["unified social credit codes"]))
    cards = [re.sub(r"\D", "", card) for card in numbers["card numbers"]]
    assert all(map(luhn.is_valid, cards))


def test_the_headers_of_the_standards_are_read_as_they_say() -> None:
    outs = remit("language", [*languages.HEADERS, *languages.INVALID]).outs
    assert {header: outs[header] for header in languages.HEADERS} == languages.HEADERS
    assert not any(outs[header] for header in languages.INVALID)


def test_the_baseline_is_the_best_peer_that_has_not_written_the_data() -> None:
    scores = {REMIT: 96.0, "one": 90.0, "two": 95.0, "author": 100.0}
    row = Row(table="t", measure="m", data="d", better="more", scores=scores, goal=96)
    assert row.figure.baseline == "author"
    assert replace(row, own=("author",)).figure.baseline == "two"
    assert row.is_met
    assert replace(row, better="less", goal=95).is_met is False


def test_a_percentage_is_met_in_the_direction_of_its_figure() -> None:
    low = Figure("a", "%", 1, 1, 1, goal=2, better="less")
    high = Figure("a", "%", 1, 1, 1, goal=2, better="more")
    assert (low.is_met, high.is_met) == (True, False)


def test_a_sample_is_spread_evenly_and_no_longer_than_asked() -> None:
    values = [str(n) for n in range(10)]
    assert every(values, 4) == ["0", "2", "5", "7"]
    assert every(values, 99) == values
    assert every([], 3) == []


def test_every_slow_peer_is_a_peer() -> None:
    asked = {*MOST, *agents.FINDERS, *texts.SCRUBBERS, *addresses.PEERS, *languages.PEERS}
    assert asked <= PEERS.keys()


def test_the_page_says_what_is_missed() -> None:
    row = Row(table="ip", measure="wrong", data="drawn", count=9, scores={REMIT: 1.0}, goal=0)
    lines = "\n".join(tables.lines([row], [], ["a note"]))
    assert "## Goals missed: 1 of 1" in lines
    assert "| wrong | drawn | 9 | 1 % | ≤ 0 % | **missed** |" in lines
