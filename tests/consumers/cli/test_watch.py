"""`remit watch`: what is stored is shown as it was stored, and what there is not says what to do."""

import json
import os
import pty
import select
import signal
import subprocess
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from kit.command import Said
from kit.installation import Installation
from remit_schemas.events import PageView

Remit = Callable[..., Said]
LOOKS_S = 3.0  # a few of its looks; in none of them it may have begun

IP, USER, MAIL = "203.0.113.77", "ann.canary", "alice@birds.example"
EVENT = json.dumps(
    {"page": f"/pay?mail={MAIL}", "ip": IP, "status": 200, "screen": "1920x1080", "subject": USER}
)


def test_an_idle_installation_says_what_to_do(remit: Remit) -> None:
    said = remit("watch", "--once")
    assert said.code == 0
    assert "Nothing is stored" in said.out
    assert "remit up" in said.out
    assert "remit emit page_view" in said.out
    remit("emit", "page_view", stdin=f"{EVENT}\n")
    assert "1 pack in the spool and nobody has stored them" in remit("watch", "--once").out
    assert json.loads(remit("watch", "--once", "--json").out) == {
        "contracts": {},
        "waiting_packs": 1,
    }


def test_each_field_is_shown_with_what_became_of_it_and_never_in_the_plain(remit: Remit) -> None:
    remit("emit", "page_view", "--wait", stdin=f"{EVENT}\n" * 3)
    remit("emit", "service_log", "--wait", stdin=json.dumps({"message": f"mail to {MAIL}"}) + "\n")
    shown = remit("watch", "page_view", "--once").out
    lines = {line.split()[0]: line for line in shown.splitlines() if line.startswith("  ")}
    assert "page_view  offered 3  stored 3" in shown
    assert lines["ip"].split() == ["ip", "S025a", "reduce", "ip", "3", "203.0.113.0"]
    assert "refuse, no consent" in lines["screen"]
    order = [name for name in lines if name in PageView.__fields__]
    assert order.index("ip") < order.index("page") < order.index("status")
    both = remit("watch", "--once").out
    assert "mail to <email>" in both
    assert not [plain for plain in (IP, USER, MAIL, "1920x1080") if plain in both]
    assert "service_log" not in shown


def test_every_line_fits_into_eighty_columns(remit: Remit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    long = json.dumps({"page": "/" + "a-long-name/" * 20, "user_agent": "Mozilla/5.0 " * 30})
    remit("emit", "page_view", "--wait", stdin=f"{long}\n")
    shown = remit("watch", "--once").out
    assert max(map(len, shown.splitlines())) <= 80
    assert "…" in shown


def test_programs_get_a_line_for_each_commit_until_they_end_it(tmp_path: Path) -> None:
    installed = Installation(tmp_path)
    installed.prepare()
    watching = installed.start("watch", "page_view", "--json")
    assert watching.stdout is not None
    installed.remit("emit", "service_log", "--wait", stdin='{"message": "m"}\n')
    stdout = watching.stdout
    for _ in range(20):  # what came before it began to look is no news
        installed.remit("emit", "page_view", "--wait", stdin=f"{EVENT}\n")
        if select.select([stdout], [], [], LOOKS_S)[0]:
            break
    line = stdout.readline()
    told = json.loads(line)
    assert (told["contract"], told["stored"]) == ("page_view", 1)
    [ip] = [field for field in told["fields"] if field["field"] == "ip"]
    assert (ip["decision"], ip["reducer"], ip["clause"], ip["example"]) == (
        "reduce",
        "ip",
        "S025a",
        "203.0.113.0",
    )
    assert not [plain for plain in (IP, USER, MAIL) if plain in line]
    watching.send_signal(signal.SIGINT)
    out, problems = watching.communicate(timeout=300)
    assert (watching.returncode, problems) == (0, "")
    assert "service_log" not in out


def test_the_live_view_on_a_terminal_ends_clean_with_ctrl_c_and_leaves_its_last_state(
    tmp_path: Path,
) -> None:
    installed = Installation(tmp_path, TERM="xterm-256color", COLUMNS="80", LINES="24")
    installed.remit("emit", "page_view", "--wait", stdin=f"{EVENT}\n")
    here, terminal = pty.openpty()
    watching = subprocess.Popen(
        [*installed.command(), "watch"],
        env=installed.env,
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        start_new_session=True,
    )
    os.close(terminal)
    shown = b""
    while b"203.0.113.0" not in shown:
        shown += os.read(here, 65536)
    watching.send_signal(signal.SIGINT)
    with suppress(OSError):  # the other side is closed
        while more := os.read(here, 65536):
            shown += more
    os.close(here)
    assert watching.wait(60) == 0
    behind = shown.decode().rpartition("\x1b[?1049l")[
        2
    ]  # what is written behind the screen of its own
    assert "page_view" in behind
    assert "Traceback" not in shown.decode()
    assert not [plain for plain in (IP, USER, MAIL) if plain in shown.decode()]
