"""Somebody is erased from a whole installation: every byte is gone, also while a consumer stores what they do."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kit.gone import forms_of, holding
from kit.installation import Installation, each_once
from kit.watching import until
from remit_consumers.deployment import Deployment
from remit_consumers.erasure.certificate import Certificate
from remit_consumers.erasure.erase import erase
from remit_consumers.erasure.scope import Scope, SubjectRef
from remit_consumers.settings import Settings

ANN = SubjectRef("", "ann.smith@customers.example")
VERSION = "2021-11-01"


def emit(installed: Installation, contract: str, *events: dict[str, object]) -> None:
    lines = "".join(f"{json.dumps(event)}\n" for event in events)
    installed.remit("emit", contract, "--wait", stdin=lines)


def view(subject: str, page: str = "/a") -> dict[str, object]:
    return {"page": page, "subject": subject, "status": 200, "utc_offset": "+08:00"}


def agreed(subject: str) -> dict[str, object]:
    said = {"purpose": "analytics.reporting", "status": "given", "method": "api"}
    return {"subject": subject, "agreed_version": VERSION, **said}


def opened(installed: Installation) -> Deployment:
    return Deployment.open(Settings.from_env(installed.env))


def erased(deployment: Deployment) -> Certificate:
    return erase(deployment, [ANN], Scope(), "requested", datetime.now(UTC))


@pytest.mark.clause("S079b", "S095c")
def test_no_byte_of_an_erased_subject_is_left_below_the_data_folder(embedded: Installation) -> None:
    emit(embedded, "consent_change", agreed(ANN.subject), agreed("bob"))
    emit(embedded, "page_view", view(ANN.subject), view("bob"), view(ANN.subject, "/b"))
    embedded.remit("views", "build")
    deployment = opened(embedded)
    forms = forms_of(deployment, ANN)
    assert holding(embedded.data, forms)
    certificate = erased(deployment)
    assert holding(embedded.data, forms) == []
    assert certificate.facts["search"]["found"] == 0
    assert not any(form.decode("latin-1") in json.dumps(certificate.to_dict()) for form in forms)
    rows = embedded.rows("page_view")
    assert rows.num_rows == 1
    assert embedded.breaches() == {}
    facts = embedded.facts("erasure", "check", str(certificate.file(embedded.data)))
    assert facts["holds"]
    emit(embedded, "page_view", view("bob"))
    embedded.remit("views", "build")
    assert holding(embedded.data, forms) == []
    assert embedded.breaches() == {}


@pytest.mark.clause("S079b")
def test_a_consumer_that_runs_stores_nothing_of_who_is_being_erased(
    embedded: Installation, tmp_path: Path
) -> None:
    emit(embedded, "page_view", view(ANN.subject), view("bob"))
    deployment = opened(embedded)
    forms = forms_of(deployment, ANN)
    consumer = embedded.consume(tmp_path / "run.log")
    for page in ("/help", "/shop", "/team"):  # lies on the log, or is in the middle of a commit
        lines = "".join(f"{json.dumps(view(who, page))}\n" for who in (ANN.subject, "bob"))
        embedded.remit("emit", "page_view", stdin=lines)
    erased(deployment)
    pages = {"/help", "/shop", "/team"}
    until(
        lambda: pages <= set(embedded.rows("page_view")["page"].to_pylist()),
        "nothing is stored",
        60,
    )
    consumer.terminate()
    assert consumer.wait(60) == 0, (tmp_path / "run.log").read_text()[-2000:]
    assert holding(embedded.data, forms) == []
    assert each_once(embedded.rows("page_view"))
    assert embedded.breaches() == {}
