"""Daemons that carry log lines, beside `remit import access-log`: the same lines, from a file to a file, on one core."""

import gzip
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import cycle, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from bench.apart import ROOT
from bench.context import place
from bench.events import page_views
from bench.machine import processor_s
from bench.measure import Sample

LOOK_S: Final = 0.02  # how often the daemon's file is looked at
STUCK_S: Final = 30.0  # without another line
CACHE: Final = ROOT / ".cache" / "line-peers"
BLOCK: Final = 1 << 20


class NotHadError(Exception):
    """A peer cannot be had on this machine, or does not do what it is asked; the message says why."""


@dataclass(frozen=True, slots=True)
class Lines:
    """What is carried.

    Attributes:
        file: Lines in the combined format.
        count: How many.
    """

    file: Path
    count: int


@dataclass(frozen=True, slots=True)
class Daemon:
    """How one is had and run.

    Attributes:
        packages: Of Debian, unpacked into .cache and not installed: the two exclude one another.
        binary: In what was unpacked.
        config: Writes its configuration, given what was unpacked, the lines and the output.
        words: Its arguments, given the folder of this run with the configuration in it.
    """

    packages: Sequence[str]
    binary: str
    config: Callable[[Path, Path, Path], str]
    words: Callable[[Path, Path], Sequence[str]]


def prepared_lines(log: str, count: int, folder: Path) -> Lines:
    """Write so many lines: of the log, over and over, or invented."""
    file = folder / "access.log"
    with file.open("w", encoding="utf-8") as out:
        out.writelines(f"{line}\n" for line in islice(cycle(_given(log, count)), count))
    return Lines(file, count)


def _given(log: str, count: int) -> list[str]:
    if log:
        opened = (
            gzip.open(log, "rt", errors="replace")
            if log.endswith(".gz")
            else Path(log).open(errors="replace")
        )
        with opened as lines:
            return [line.rstrip("\r\n") for line in islice(lines, count)]
    return [_line(view.values) for view in page_views(count)]


def _line(values: Mapping[str, object]) -> str:
    at = datetime.fromtimestamp(int(str(values["occurred_at"])) / 1000, UTC)
    when, request = at.strftime("%d/%b/%Y:%H:%M:%S +0000"), f"{values['method']} {values['page']}"
    end = f'"{values["referrer"] or "-"}" "{values["user_agent"]}"'
    return f'{values["ip"]} - - [{when}] "{request} HTTP/1.1" {values["status"]} 512 {end}'


def import_lines(lines: Lines, core: int) -> Sample:
    """Import them into a new lake, until they are committed: the whole command, its start included."""
    with place() as installation:
        words = [sys.executable, "-m", "remit_cli", "import", "access-log", str(lines.file)]
        begun = time.perf_counter()
        process = subprocess.Popen(
            ["taskset", "-c", str(core), *words, "--wait"],
            env=installation.env,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        wall_s = time.perf_counter() - begun
    if process.returncode:
        raise NotHadError(f"import: exit {process.returncode}")
    return _sample(lines.count, used.ru_utime + used.ru_stime, wall_s)


def forward(name: str, lines: Lines, core: int) -> Sample:
    """Have a daemon carry them, until its file has them all.

    Raises:
        NotHadError: It cannot be had, does not start, or stops before the end.
    """
    daemon = DAEMONS[name]
    root = _unpacked(name, daemon.packages)
    with TemporaryDirectory(prefix="remit-bench-") as place_of:
        folder = Path(place_of)
        output = folder / "out.log"
        (folder / "conf").write_text(daemon.config(root, lines.file, output), encoding="utf-8")
        begun = time.perf_counter()
        with _started(root, daemon, folder, core) as process:
            _await_lines(output, lines.count, process)
            used_s = processor_s(process.pid)
            wall_s = time.perf_counter() - begun
    return _sample(lines.count, used_s, wall_s)


def _sample(count: int, processor: float, wall_s: float) -> Sample:
    return {
        "core/s": count / processor,
        "events/s": count / wall_s,
        "s/million": 1e6 * processor / count,
    }


@contextmanager
def _started(
    root: Path, daemon: Daemon, folder: Path, core: int
) -> Iterator["subprocess.Popen[bytes]"]:
    libraries = [
        root / each
        for each in ("usr/lib/x86_64-linux-gnu", "usr/lib/syslog-ng", "lib/x86_64-linux-gnu")
    ]
    env = {**os.environ, "LD_LIBRARY_PATH": ":".join(map(str, libraries))}
    words = ["taskset", "-c", str(core), str(root / daemon.binary), *daemon.words(root, folder)]
    with (folder / "said").open("wb") as said:
        process = subprocess.Popen(words, env=env, stdout=said, stderr=said)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def _await_lines(output: Path, count: int, process: "subprocess.Popen[bytes]") -> None:
    """Wait until the file has so many lines; each block of it is read once."""
    seen, since = 0, time.monotonic()
    while not output.exists() and process.poll() is None and time.monotonic() - since < STUCK_S:
        time.sleep(LOOK_S)
    if not output.exists():
        said = (output.parent / "said").read_text("utf-8", "replace")
        raise NotHadError(f"wrote nothing: {said[-400:]}")
    with output.open("rb") as written:
        while seen < count:
            if block := written.read(BLOCK):
                seen, since = seen + block.count(b"\n"), time.monotonic()
            elif process.poll() is not None or time.monotonic() - since > STUCK_S:
                raise NotHadError(f"stopped after {seen:,} of {count:,} lines")
            else:
                time.sleep(LOOK_S)


def _unpacked(name: str, packages: Sequence[str]) -> Path:
    """Unpack Debian packages into .cache, once.

    Raises:
        NotHadError: No apt here, or it does not have them.
    """
    root = CACHE / name
    if (root / "made").exists():
        return root
    root.mkdir(parents=True, exist_ok=True)
    try:
        subprocess.run(
            ["apt-get", "download", *packages], cwd=root, check=True, capture_output=True
        )
        for package in root.glob("*.deb"):
            subprocess.run(["dpkg-deb", "--extract", package, root], check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise NotHadError(f"the Debian packages {', '.join(packages)} cannot be had") from error
    (root / "made").touch()
    return root


def version_of(name: str) -> str:
    """Give the version of a daemon that was unpacked, as Debian counts; empty where it is not."""
    found = sorted((CACHE / name).glob(f"{DAEMONS[name].packages[0]}_*.deb"))
    return found[0].name.split("_")[1].replace("%3a", ":") if found else ""


def _rsyslog(root: Path, lines: Path, output: Path) -> str:
    """Mmanon cuts the address, hash64 hashes it, and the template leaves out the agent (the sixth field between quotes)."""
    del root
    return f"""
global(workDirectory="{output.parent}" maxMessageSize="64k")
main_queue(queue.type="FixedArray" queue.size="100000" queue.dequeueBatchSize="1024")
module(load="imfile")
module(load="mmanon")
module(load="fmhash")
template(name="out" type="string" string="%$!hash% %$!start%\\"%$!request%\\"%$!status%\\"%$!referrer%\\"\\n")
input(type="imfile" file="{lines}" tag="access" freshStartTail="off" ruleset="carry")
ruleset(name="carry") {{
  action(type="mmanon" ipv4.bits="8" ipv4.mode="zero" ipv6.bits="80" ipv6.anonmode="zero")
  set $!hash = hash64(field($msg, 32, 1));
  set $!start = field($msg, 34, 1);
  set $!request = field($msg, 34, 2);
  set $!status = field($msg, 34, 3);
  set $!referrer = field($msg, 34, 4);
  action(type="omfile" file="{output}" template="out" asyncWriting="off" ioBufferSize="64k" flushOnTXEnd="on")
}}
"""


def _syslog_ng(root: Path, lines: Path, output: Path) -> str:
    """The line's parts by csv-parser, the address cut by subst and hashed; the template leaves out the agent."""
    del root
    return f"""@version: 3.38
options {{ stats-freq(0); log-fifo-size(200000); flush-lines(1000); time-reopen(1); use-dns(no); dns-cache(no); }};
source s {{ file("{lines}" flags(no-parse) read-old-records(yes) follow-freq(0.01) log-fetch-limit(1000) log-iw-size(100000)); }};
parser p {{ csv-parser(columns("ip", "ident", "user", "time", "request", "status", "bytes", "referrer", "agent")
  delimiters(" ") quote-pairs('""[]') flags(escape-none)); }};
rewrite v4 {{ subst('\\.[0-9]+$', '.0', value("ip"), type("pcre")); }};
rewrite v6 {{ subst('^([0-9a-f]*:[0-9a-f]*:[0-9a-f]*):.*$', '$1::', value("ip"), type("pcre")); }};
destination d {{ file("{output}" template("$(sha256 --length 32 ${{ip}}) ${{ip}} [${{time}}] \\"${{request}}\\" ${{status}} ${{bytes}} \\"${{referrer}}\\"\\n")); }};
log {{ source(s); parser(p); rewrite(v4); rewrite(v6); destination(d); flags(flow-control); }};
"""


DAEMONS: Final[Mapping[str, Daemon]] = {
    "rsyslog": Daemon(
        ("rsyslog", "libestr0", "libfastjson4", "liblognorm5"),
        "usr/sbin/rsyslogd",
        _rsyslog,
        lambda root, folder: [
            "-n",
            "-i",
            str(folder / "pid"),
            "-f",
            str(folder / "conf"),
            "-M",
            str(root / "usr/lib/x86_64-linux-gnu/rsyslog"),
        ],
    ),
    "syslog-ng": Daemon(
        ("syslog-ng-core", "libivykis0", "libnet1", "libwrap0", "libjson-c5", "libpcre3"),
        "usr/sbin/syslog-ng",
        _syslog_ng,
        lambda root, folder: [
            *("--foreground", "--no-caps", f"--cfgfile={folder / 'conf'}"),
            *(
                f"--persist-file={folder / 'persist'}",
                f"--control={folder / 'control'}",
                f"--pidfile={folder / 'pid'}",
            ),
            f"--module-path={root / 'usr/lib/syslog-ng/3.38'}",
        ],
    ),
}
"""By the name in the table."""
