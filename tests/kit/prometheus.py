"""A real Prometheus for tests, and its promtool: they check rules, run them on series, and scrape what tests start."""

import json
import shutil
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, Self

from kit.leash import leashed
from kit.ports import free_port
from kit.watching import until

NAME: Final = "Prometheus"
WHY_NOT: Final = "no prometheus and promtool here: apt-get install prometheus"


def is_here() -> bool:
    """Whether both programs can be found."""
    return all(map(shutil.which, ("prometheus", "promtool")))


def version() -> str:
    """What the server calls itself."""
    server = shutil.which("prometheus")
    assert server is not None
    said = subprocess.run([server, "--version"], capture_output=True, text=True, check=True)
    return (said.stdout + said.stderr).split()[2]


def promtool(*words: str | Path) -> str:
    """Run promtool and give what it says.

    Raises:
        AssertionError: It found something wrong.
    """
    program = shutil.which("promtool")
    assert program is not None
    done = subprocess.run([program, *map(str, words)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


class Prometheus:
    """One server: a context manager that leaves nothing behind.

    Attributes:
        url: Where it answers.
    """

    def __init__(self, folder: Path, target: str, rules: Sequence[Path]) -> None:
        """Take what it works with.

        Args:
            folder: For its configuration and data.
            target: host:port that it scrapes each second, as the job `remit`.
            rules: Files of rules.
        """
        self._folder = folder
        self._port = free_port()
        self.url = f"http://127.0.0.1:{self._port}"
        self.config = folder / "prometheus.yml"
        form = {
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
            "rule_files": [str(one) for one in rules],
            "scrape_configs": [{"job_name": "remit", "static_configs": [{"targets": [target]}]}],
        }
        folder.mkdir(parents=True, exist_ok=True)
        self.config.write_text(json.dumps(form), encoding="utf-8")  # JSON is YAML, too

    def __enter__(self) -> Self:
        with (self._folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                leashed(
                    [
                        *("prometheus", f"--config.file={self.config}"),
                        f"--storage.tsdb.path={self._folder / 'data'}",
                        f"--web.listen-address=127.0.0.1:{self._port}",
                    ]
                ),
                stdout=log,
                stderr=log,
            )
        until(self._is_ready, "Prometheus does not answer", look_s=0.1)
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait()

    def ask(self, path: str, **query: str) -> Any:  # noqa: ANN401 - what its API answers
        """Ask its API; gives `data` of the answer."""
        address = f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(query)}"
        with urllib.request.urlopen(address, timeout=30) as answer:  # noqa: S310 - our own server
            return json.load(answer)["data"]

    def values(self, expression: str) -> list[float]:
        """The values of an expression now."""
        found = self.ask("query", query=expression)["result"]
        return [float(one["value"][1]) for one in found]

    def firing(self) -> dict[str, dict[str, Any]]:
        """The alerts that fire, by name."""
        alerts = self.ask("alerts")["alerts"]
        return {one["labels"]["alertname"]: one for one in alerts if one["state"] == "firing"}

    def _is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/-/ready", timeout=5):  # noqa: S310 - as above
                return True
        except OSError:
            assert self._process.poll() is None, (self._folder / "log").read_text()[-2000:]
            return False
