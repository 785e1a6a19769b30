"""An installation of remit in a folder of its own, used from outside: through the command, as a person would."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable

from kit.leash import leashed
from kit.warm import warm

COMMAND_TIMEOUT_S = 300
"""Longer than any command of the tests takes on a busy machine with two cores."""


class Installation:
    """One data folder with keys and vault apart from it.

    Attributes:
        data: The data folder.
        env: The environment of its commands.
    """

    def __init__(self, folder: Path, *, log: str = "", **extra: str) -> None:
        self.data = folder / "data"
        inherited = {
            name: value for name, value in os.environ.items() if not name.startswith("REMIT_")
        }
        self.env = inherited | {
            "REMIT_DATA": str(self.data),
            "REMIT_KEYS": str(folder / "keys"),
            "REMIT_VAULT": str(folder / "vault"),
            "REMIT_LOG": log,
            "COLUMNS": "200",
            **extra,
        }
        self._started: list[subprocess.Popen[str]] = []

    def command(self) -> list[str]:
        """The words that run the command."""
        return [sys.executable, "-m", "remit_cli"]

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        """Start a command and let it run."""
        return subprocess.Popen(
            [*self.command(), *arguments],
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def program(self, script: str, *arguments: object) -> "subprocess.Popen[str]":
        """Start a program that embeds the SDK; it imports what this process can, and reads what it is told line by line."""
        environment = self.env | {"PYTHONPATH": os.pathsep.join(sys.path)}
        started = subprocess.Popen(
            leashed([sys.executable, "-c", script, *map(str, arguments)]),
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._started.append(started)
        return started

    def consume(self, log: Path) -> "subprocess.Popen[str]":
        """Start `remit run`; what it says goes to a file."""
        return self.start_into(log, "run")

    def start_into(self, log: Path, *arguments: str) -> "subprocess.Popen[str]":
        """Start a command and let it run; what it says goes to the end of a file."""
        return self.start_behind([], log, *arguments)

    def start_behind(
        self, words: Sequence[str], log: Path, *arguments: str
    ) -> "subprocess.Popen[str]":
        """Start a command behind words that change where it runs, as `start_into` does."""
        with log.open("a") as lines:
            started = subprocess.Popen(
                leashed([*words, *self.command(), *arguments]),
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=lines,
                stderr=lines,
                text=True,
            )
        self._started.append(started)
        return started

    def end_all(self) -> None:
        """Kill every program that was started and still runs."""
        for process in self._started:
            process.kill()
            with suppress(ValueError):  # its pipes were read and closed
                process.communicate()

    def prepare(self) -> None:
        """Make keys and bundle, so that an app can seal before any consumer ran."""
        self.remit("emit", "page_view")

    def settle(self) -> None:
        """Have everything stored that lies on the log: also what dead processes left."""
        self.remit("emit", "page_view", "--wait")

    def called(self, words: Sequence[str], stdin: str = "") -> "subprocess.CompletedProcess[str]":
        """Run a command to its end, whichever that is."""
        return warm().run(words, self.env, stdin, COMMAND_TIMEOUT_S)

    def remit(
        self, *arguments: str, stdin: str = "", expect: int = 0
    ) -> "subprocess.CompletedProcess[str]":
        """Run a command to its end and see that it ends as expected."""
        done = self.called(arguments, stdin)
        if done.returncode != expect:
            message = f"remit {' '.join(arguments)}: exit {done.returncode}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
            raise AssertionError(message)
        return done

    def facts(self, *arguments: str, stdin: str = "", expect: int = 0) -> Mapping[str, object]:
        """Run a command with --json and read what it prints."""
        found: Mapping[str, object] = json.loads(
            self.remit(*arguments, "--json", stdin=stdin, expect=expect).stdout
        )
        return found

    def contract(self, name: str) -> Mapping[str, int]:
        """What the report says of a contract."""
        contracts = self.facts("report")["contracts"]
        assert isinstance(contracts, dict)
        found: Mapping[str, int] = contracts[name]
        return found

    def rows(self, contract: str, *columns: str) -> pa.Table:
        """The rows of an event table; all columns unless some are named."""
        table = DeltaTable(str(self.data / "lake" / "events" / contract))
        return table.to_pyarrow_table(columns=list(columns) or None)

    def checks(self, *arguments: str, stdin: str = "") -> Mapping[str, Mapping[str, object]]:
        """The checks of `remit verify`, whether they hold or not."""
        words = ("verify", "--json", *arguments)
        done = self.called(words, stdin)
        checks: Mapping[str, Mapping[str, object]] = json.loads(done.stdout)["checks"]
        assert (done.returncode == 0) == all(check["holds"] for check in checks.values())
        return checks

    def breaches(self) -> dict[str, object]:
        """The checks of `remit verify` that do not hold, each with what was seen; empty where all hold."""
        return {
            name: check["detail"] for name, check in self.checks().items() if not check["holds"]
        }


def each_once(rows: pa.Table) -> bool:
    """Whether every event stands in a table exactly once."""
    identities = rows.select(["pack", "index"]).group_by(["pack", "index"]).aggregate([])
    return bool(identities.num_rows == rows.num_rows)


def without_holes(rows: pa.Table) -> bool:
    """Whether each pack in a table stands there whole: its places run from 0 to the last."""
    packs = rows.select(["pack", "index"]).group_by("pack")
    packs = packs.aggregate([("index", "max"), ("index", "count_distinct")])
    return bool(
        pc.all(pc.equal(pc.add(packs["index_max"], 1), packs["index_count_distinct"])).as_py()
    )
