"""Requests from outside: somebody asks for their data, has it put right, used for nothing; a helpdesk does it by the API."""

import hashlib
import io
import json
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pyarrow.dataset as ds
import pytest

from kit.installation import Installation
from kit.ports import free_port
from kit.watching import until

LOGIN = ("--proof", "account_login")


def view(installed: Installation, subject: str, **fields: object) -> None:
    """Have somebody look at a page, and that stored."""
    event = {"page": "/cart", "language": "fr-FR", "status": 200, "subject": subject} | fields
    installed.remit("emit", "page_view", "--wait", stdin=f"{json.dumps(event)}\n")


def unzipped(data: bytes) -> dict[str, str]:
    """The files of a zip."""
    packed = zipfile.ZipFile(io.BytesIO(data))
    return {name: packed.read(name).decode() for name in packed.namelist()}


def languages(installed: Installation) -> list[str | None]:
    return sorted(installed.rows("page_view").column("language").to_pylist(), key=str)


@pytest.mark.clause("S077a")
def test_somebody_gets_everything_that_stands_of_them_and_nothing_of_others(
    embedded: Installation, tmp_path: Path
) -> None:
    view(embedded, "ann", status=201)
    view(embedded, "bob", status=202)
    embedded.remit("consent", "give", "-", "--purpose", "personalize", "--wait", stdin="ann")
    file = tmp_path / "ann.zip"
    told = embedded.facts("subject", "access", "-", *LOGIN, "--out", str(file), stdin="ann")
    assert told["state"] == "done"
    assert told["evidence"] == hashlib.sha256(file.read_bytes()).hexdigest()
    files = unzipped(file.read_bytes())
    rows = [json.loads(line) for line in files["data/page_view.jsonl"].splitlines()]
    assert [row["status"] for row in rows] == [201]
    assert not {"pack", "index", "subject", "tenant"} & rows[0].keys()
    (consent,) = json.loads(files["consents.json"])
    assert (consent["purpose"], consent["status"]) == ("personalize", "given")
    summary = json.loads(files["summary.json"])
    assert summary["contracts"]["page_view"]["rows"] == 1
    decided = {one["field"]: one for one in summary["fields"] if one["contract"] == "page_view"}
    assert decided["language"]["clause"] == "S025c"
    assert "http" not in files["index.html"].replace("https://www.w3.org", "")
    assert "user.demographic.language" in files["index.html"]


@pytest.mark.clause("S104d")
def test_a_text_in_which_somebody_else_may_stand_is_withheld(embedded: Installation) -> None:
    import pyarrow as pa  # noqa: PLC0415

    from remit_consumers.requests.redact import OTHERS, redacted  # noqa: PLC0415

    texts = pa.array(["all fine", None, "write to joe@example.com"])
    assert redacted(texts).to_pylist() == ["all fine", None, OTHERS]


@pytest.mark.clause("S104d")
def test_texts_that_speak_of_somebody_else_are_withheld_and_counted(
    embedded: Installation, tmp_path: Path
) -> None:
    lines = [{"message": text, "subject": "ann"} for text in ("disk full", "Ms Canary called")]
    said = "".join(f"{json.dumps(line)}\n" for line in lines)
    embedded.remit("emit", "service_log", "--wait", stdin=said)
    file = tmp_path / "ann.zip"
    embedded.remit("subject", "access", "-", *LOGIN, "--out", str(file), stdin="ann")
    files = unzipped(file.read_bytes())
    assert json.loads(files["summary.json"])["withheld"] == {"service_log": {"message": 1}}
    assert "disk full" in files["data/service_log.jsonl"]
    assert "until a human being has looked at them: 1" in files["index.html"]
    assert not any("Canary" in one for one in files.values())


def test_a_subject_that_nobody_knows_gets_an_answer_that_says_so(
    embedded: Installation, tmp_path: Path
) -> None:
    view(embedded, "bob")
    file = tmp_path / "eve.zip"
    embedded.remit("subject", "access", "-", *LOGIN, "--out", str(file), stdin="eve")
    assert json.loads(unzipped(file.read_bytes())["summary.json"])["contracts"] == {}


@pytest.mark.clause("S077b")
def test_a_row_is_put_right_by_its_name_in_the_export_and_in_the_views(
    embedded: Installation, tmp_path: Path
) -> None:
    for status in (201, 202):
        view(embedded, "ann", status=status)
    embedded.remit("views", "build")
    file = tmp_path / "ann.zip"
    embedded.remit("subject", "access", "-", *LOGIN, "--out", str(file), stdin="ann")
    lines = unzipped(file.read_bytes())["data/page_view.jsonl"].splitlines()
    (name,) = [row["row"] for row in map(json.loads, lines) if row["status"] == 202]
    right = {"contract": "page_view", "fields": {"language": "de"}, "rows": [name]}
    embedded.remit("subject", "correct", "-", *LOGIN, stdin=f"ann\n{json.dumps(right)}\n")
    rows = embedded.rows("page_view").select(["status", "language"]).to_pylist()
    assert {row["status"]: row["language"] for row in rows} == {201: "fr", 202: "de"}
    folder = embedded.data / "views" / "essential.service" / "page_view"
    assert sorted(ds.dataset(folder).to_table(columns=["language"])["language"].to_pylist()) == [
        "de",
        "fr",
    ]
    assert embedded.breaches() == {}


@pytest.mark.clause("S077b")
def test_what_is_wrong_is_put_right_as_small_as_the_policy_asks(embedded: Installation) -> None:
    view(embedded, "ann")
    view(embedded, "bob")
    right = json.dumps({"contract": "page_view", "fields": {"language": "de-CH,de;q=0.9"}})
    embedded.remit("subject", "correct", "-", *LOGIN, stdin=f"ann\n{right}\n")
    assert languages(embedded) == ["de", "fr"]
    assert embedded.breaches() == {}


@pytest.mark.clause("S077b")
def test_what_is_missing_is_added_only_where_nothing_stands(embedded: Installation) -> None:
    view(embedded, "ann")
    view(embedded, "ann", language=None)
    right = json.dumps({"contract": "page_view", "fields": {"language": "de"}})
    embedded.remit("subject", "supplement", "-", *LOGIN, stdin=f"ann\n{right}\n")
    assert languages(embedded) == ["de", "fr"]
    assert embedded.breaches() == {}


def test_nothing_is_added_that_nobody_agreed_to(embedded: Installation) -> None:
    view(embedded, "ann")
    added = json.dumps({"contract": "page_view", "fields": {"screen": "1920x1080"}})
    embedded.remit("subject", "supplement", "-", *LOGIN, stdin=f"ann\n{added}\n")
    columns = [one for one in embedded.rows("page_view").column_names if one.startswith("screen")]
    assert columns
    assert all(embedded.rows("page_view").column(one).null_count == 1 for one in columns)


def test_what_does_not_fit_is_refused_and_the_request_stays_open(embedded: Installation) -> None:
    view(embedded, "ann")
    wrong = json.dumps({"contract": "page_view", "fields": {"shoe_size": "zq-xl"}})
    done = embedded.remit("subject", "correct", "-", *LOGIN, stdin=f"ann\n{wrong}\n", expect=2)
    assert "page_view has no field shoe_size" in done.stderr
    assert "zq-xl" not in done.stderr
    (left,) = json.loads(embedded.remit("requests", "list", "--json").stdout)["requests"]
    assert left["state"] == "in_work"


def rows_read(installed: Installation) -> list[int]:
    sql = "SELECT status FROM page_view ORDER BY status"
    told = installed.facts("query", sql, "--purpose", "essential.service.operations")
    rows = told["rows"]
    assert isinstance(rows, list)
    return [row["status"] for row in rows]


def test_what_is_restricted_is_kept_and_read_by_nobody_until_that_is_lifted(
    embedded: Installation,
) -> None:
    view(embedded, "ann", status=201)
    view(embedded, "bob", status=202)
    assert rows_read(embedded) == [201, 202]
    told = embedded.facts("subject", "restrict", "-", *LOGIN, stdin="ann")
    assert rows_read(embedded) == [202]
    view(embedded, "ann", status=203)
    assert rows_read(embedded) == [202]
    assert embedded.contract("page_view")["present"] == 3
    embedded.remit("requests", "lift", str(told["request"]))
    assert rows_read(embedded) == [201, 202, 203]
    assert embedded.breaches() == {}


@pytest.mark.clause("S090")
def test_support_withdraws_for_somebody(embedded: Installation) -> None:
    embedded.remit("consent", "give", "-", "--purpose", "personalize", "--wait", stdin="ann")
    embedded.remit("subject", "withdraw", "-", *LOGIN, stdin="ann")
    embedded.settle()
    shown = embedded.facts("consent", "show", "-", stdin="ann")["purposes"]
    assert isinstance(shown, dict)
    assert not any(one["granted"] for one in shown.values())


@pytest.mark.clause("S098")
def test_what_a_program_decided_is_looked_at_by_a_human_being(embedded: Installation) -> None:
    asked = embedded.facts("subject", "object", "-", *LOGIN, stdin="ann")
    assert asked["state"] == "in_work"
    name = str(asked["request"])
    assert "human being" in embedded.remit("requests", "fulfil", name, expect=2).stderr
    done = embedded.facts("requests", "fulfil", name, "--reviewed")
    assert (done["state"], done["evidence"]) == ("done", "reviewed")


@pytest.mark.clause("S079a", "S079b")
def test_somebody_has_a_part_erased_and_then_everything(embedded: Installation) -> None:
    view(embedded, "ann", status=201)
    view(embedded, "bob", status=202)
    erase = ("subject", "erase", "-", "--ground", "purpose_ended", *LOGIN)
    embedded.remit(*erase, "--category", "user.demographic.language", stdin="ann")
    assert languages(embedded) == [None, "fr"]
    assert embedded.rows("page_view").num_rows == 2
    told = embedded.facts(*erase, stdin="ann")
    assert len(str(told["evidence"])) == 64
    assert embedded.rows("page_view").column("status").to_pylist() == [202]
    assert embedded.breaches() == {}


@pytest.mark.clause("S095a", "S095b")
def test_a_cancelled_account_is_gone_and_stays_out_until_somebody_agrees_anew(
    embedded: Installation,
) -> None:
    view(embedded, "ann", status=201)
    embedded.remit("subject", "cancel", "-", *LOGIN, stdin="ann")
    view(embedded, "ann", status=203)
    assert embedded.rows("page_view").num_rows == 0
    embedded.remit("consent", "accept", "-", "--wait", stdin="ann")
    view(embedded, "ann", status=204)
    assert embedded.rows("page_view").column("status").to_pylist() == [204]
    assert embedded.breaches() == {}


def test_a_subject_never_comes_as_an_argument(embedded: Installation) -> None:
    done = embedded.remit("subject", "access", "ann", *LOGIN, expect=2)
    assert "standard input" in done.stderr


class Helpdesk:
    """A program that uses the API with its token."""

    def __init__(self, port: int, token: str) -> None:
        self.url = f"http://127.0.0.1:{port}/v1/requests"
        self.token = token

    def call(
        self, path: str = "", said: object = None, token: str | None = None
    ) -> tuple[int, bytes]:
        """Call it; a body makes it a POST."""
        data = None if said is None else json.dumps(said).encode()
        call = urllib.request.Request(self.url + path, data)  # noqa: S310 - our own address
        call.add_header("Authorization", f"Bearer {self.token if token is None else token}")
        try:
            with urllib.request.urlopen(call, timeout=60) as answer:  # noqa: S310
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()


@pytest.fixture(scope="module")
def helpdesk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Helpdesk]:
    """A helpdesk of an installation that runs, for all calls of this page."""
    folder = tmp_path_factory.mktemp("helpdesk")
    installed = Installation(folder)
    token = installed.remit("requests", "tokens", "add", "helpdesk").stdout.strip()
    view(installed, "ann", status=201)
    port, log = free_port(), folder / "up.log"
    installed.start_into(log, "up", "--port", str(port))
    until(lambda: "/healthz" in log.read_text(), "it does not serve")
    yield Helpdesk(port, token)
    installed.end_all()


@pytest.mark.clause("S100c", "S101")
def test_a_helpdesk_takes_checks_and_answers_a_request(helpdesk: Helpdesk) -> None:
    status, body = helpdesk.call(said={"right": "access", "subject": "ann", "channel": "complaint"})
    came = json.loads(body)
    assert (status, came["state"], came["actor"]) == (201, "received", "helpdesk")
    assert b'"ann"' not in body
    path = f"/{came['request']}"
    assert helpdesk.call(f"{path}/fulfil", {})[0] == 400
    assert helpdesk.call(f"{path}/verify", {"proof": "account_login"})[0] == 200
    status, body = helpdesk.call(f"{path}/fulfil", {})
    assert status == 200
    assert json.loads(unzipped(body)["data/page_view.jsonl"])["status"] == 201
    assert json.loads(helpdesk.call("")[1]) == {"requests": []}
    assert len(json.loads(helpdesk.call(path)[1])["steps"]) == 3


@pytest.mark.parametrize(
    ("said", "path", "status"),
    [
        ({"right": "fly", "subject": "ann"}, "", 400),
        ({"right": "access"}, "", 400),
        ([], "", 400),
        ({"right": "access", "subject": "x" * 70_000}, "", 400),
        ({"right": "erase", "subject": "ann", "scop": {"purposes": ["x"]}}, "", 400),
        ({"right": "erase", "subject": "ann", "scope": {"purpose": ["x"]}}, "", 400),
        ({"right": "erase", "subject": "ann", "scope": {"purposes": "x"}}, "", 400),
        ({"right": "erase", "subject": "ann", "scope": []}, "", 400),
        ({"right": "access", "subject": "ann", "tenant": None}, "", 400),
        ({"proof": "account_login"}, "/000000000000/verify", 404),
    ],
)
def test_a_call_that_is_none_is_refused(
    helpdesk: Helpdesk, said: object, path: str, status: int
) -> None:
    assert helpdesk.call(path, said)[0] == status


def test_who_bears_no_token_is_refused_and_counted(helpdesk: Helpdesk) -> None:
    said = {"right": "access", "subject": "ann"}
    for token in ("guess", ""):
        assert helpdesk.call(said=said, token=token)[0] == 401
    with urllib.request.urlopen(helpdesk.url.replace("/v1/requests", "/metrics")) as answer:  # noqa: S310
        metrics = answer.read().decode()
    assert 'remit_request_calls_refused_total{reason="unauthorised"} 2.0' in metrics
