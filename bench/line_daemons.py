"""How each daemon is told to do the like of `remit import access-log`: cut the address, hash it, leave out the agent, write a file."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final


@dataclass(frozen=True, slots=True)
class Daemon:
    """How one is had and run.

    Attributes:
        packages: Of Debian, unpacked into .cache and not installed: the two exclude one another.
        binary: In what was unpacked.
        config: Writes its configuration, given the lines and the output.
        words: Its arguments, given the folder of this run with the configuration in it.
    """

    packages: Sequence[str]
    binary: str
    config: Callable[[Path, Path], str]
    words: Callable[[Path, Path], Sequence[str]]


def _rsyslog(lines: Path, output: Path) -> str:
    """Mmanon cuts the address, hash64 hashes it, and the template leaves out the agent (the sixth field between quotes)."""
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


def _syslog_ng(lines: Path, output: Path) -> str:
    """The line's parts by csv-parser, the address cut by subst and hashed; the template leaves out the agent."""
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
