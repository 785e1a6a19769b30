"""What `remit doctor` looks for beyond what is broken: settings and surroundings that guard less than they could."""

import resource
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from remit.direct import is_loopback
from remit.edge.tls import KEY
from remit_cli.finding import Finding
from remit_cli.ports import certificate, open_to_others
from remit_cli.timekeeping import clock, kernel_state
from remit_consumers.settings import Settings
from remit_schemas.errors import RemitError
from remit_schemas.kafka_options import PREFIX, PROTOCOL
from remit_schemas.log_address import Embedded, KafkaLog, parse_log

PRIVATE: Final = stat.S_IRWXG | stat.S_IRWXO
"""Permissions that a secret must not give."""

TLS: Final = frozenset({"ssl", "sasl_ssl"})
"""Protocols that nobody on the way can read or change."""

SWAPS: Final = Path("/proc/swaps")
"""Linux lists here what memory is written to; a line of headings first."""

_VERIFIED: Final = {
    "enable.ssl.certificate.verification": "true",
    "ssl.endpoint.identification.algorithm": "https",
}


_ALIASES: Final = {
    "request.required.acks": "acks",
    "max.in.flight.requests.per.connection": "max.in.flight",
}
"""Other names of librdkafka's for the same."""


def weaknesses(settings: Settings, environ: Mapping[str, str]) -> Iterator[Finding]:
    """Look at everything, one finding after the other; nothing is changed."""
    log = parse_log(settings.log)
    yield way(log, settings.kafka)
    yield promises(log, settings.kafka)
    yield _guard(log, settings.kafka)
    yield _secret_files(settings, environ)
    yield open_to_others(settings.data)
    yield certificate(environ)
    yield _trust(log, environ)
    yield _witness(settings)
    yield clock(settings.lake, kernel_state())
    yield memory(SWAPS, resource.getrlimit(resource.RLIMIT_CORE)[0])


def way(log: Embedded | KafkaLog, options: Mapping[str, str]) -> Finding:
    """TLS to the broker, and with whom one means to speak; on this machine nobody is between."""
    name = "way to Kafka"
    if not isinstance(log, KafkaLog):
        return Finding(name, holds=True, detail="none: the log is on this machine")
    protocol = options.get(PROTOCOL, "plaintext").lower()
    off = [key for key, safe in _VERIFIED.items() if options.get(key, safe).lower() != safe]
    if protocol in TLS and off:
        return Finding(name, holds=False, detail=f"TLS that does not verify: leave out {off[0]}")
    if protocol in TLS:
        return Finding(name, holds=True, detail=f"{protocol.upper()}, verified")
    if _is_here(log):
        return Finding(name, holds=True, detail=f"{protocol} to a broker on this machine")
    mend = f"{protocol} to another machine: who is between sees headers and may add packs; set {PREFIX}SECURITY_PROTOCOL to SASL_SSL or SSL"
    return Finding(name, holds=False, detail=mend)


def promises(log: Embedded | KafkaLog, options: Mapping[str, str]) -> Finding:
    """Whether somebody believes that a producer promises less or other than it does: such a setting has no effect."""
    name = "Kafka's promises"
    if not isinstance(log, KafkaLog):
        return Finding(name, holds=True, detail="none: the log is on this machine")
    from remit.kafka import PROMISES  # noqa: PLC0415 - librdkafka only where it is used

    kept = {key: str(value).lower() for key, value in PROMISES.items()}
    idle = [
        key
        for key, text in options.items()
        if (promise := kept.get(_ALIASES.get(key, key))) and text.lower() not in (promise, "-1")
    ]
    if not idle:
        said = ", ".join(f"{key}={value}" for key, value in kept.items())
        return Finding(name, holds=True, detail=said)
    names = ", ".join(PREFIX + key.upper().replace(".", "_") for key in sorted(idle))
    mend = f"{names} has no effect: what is acknowledged is on every copy in sync, whatever is set; take it out"
    return Finding(name, holds=True, detail=mend, is_weak=True)


def _is_here(log: KafkaLog) -> bool:
    hosts = (server.rpartition(":")[0].strip("[]") for server in log.bootstrap.split(","))
    return all(map(is_loopback, hosts))


def _guard(log: Embedded | KafkaLog, options: Mapping[str, str]) -> Finding:
    """Copies, elections and ACLs of the topic of packs: what a test broker may lack, a real one may not."""
    name = "Kafka's guard"
    if not isinstance(log, KafkaLog):
        return Finding(name, holds=True, detail="none: the log is on this machine")
    from remit_consumers.source.guard import guard_of  # noqa: PLC0415 - librdkafka only where it is used

    try:
        found = guard_of(log, options)
    except RemitError as error:
        return Finding(name, holds=False, detail=str(error))
    weak = found.weaknesses()
    detail = "; ".join(weak) or f"{found.copies} copies, ACLs, nobody in particular named"
    return Finding(name, holds=not weak or _is_here(log), detail=detail, is_weak=bool(weak))


def _secret_files(settings: Settings, environ: Mapping[str, str]) -> Finding:
    """Files that hold keys and passwords: in REMIT_KEYS, in the vault, and those that a setting names."""
    name = "secret files"
    folders = [settings.keys, *([settings.vault] if isinstance(settings.vault, Path) else [])]
    files = [path for folder in folders if folder.exists() for path in folder.rglob("*")]
    named = {key: Path(text) for key, text in environ.items() if _names_secret(key)}
    open_to_others = sorted(key for key, path in named.items() if _is_shared(path))
    shared = sum(map(_is_shared, files))
    if not shared and not open_to_others:
        detail = f"{len(files)} in keys and vault, {len(named)} named by settings: their owner's"
        return Finding(name, holds=True, detail=detail)
    lines = [f"{shared} in keys and vault can be read by others: chmod 600"] * bool(shared)
    lines += [f"others can read what {key} names: chmod 600" for key in open_to_others]
    return Finding(name, holds=False, detail="; ".join(lines))


def _names_secret(variable: str) -> bool:
    is_file = variable.startswith(PREFIX) and variable.endswith("_FILE")
    return is_file or variable in (f"{PREFIX}SSL_KEY_LOCATION", KEY)


def _is_shared(path: Path) -> bool:
    try:
        status = path.stat()
    except OSError:
        return False
    return stat.S_ISREG(status.st_mode) and bool(status.st_mode & PRIVATE)


def _trust(log: Embedded | KafkaLog, environ: Mapping[str, str]) -> Finding:
    """Whose bundle an app believes: its first one, unless a key is pinned."""
    name, pinned = "trust", bool(environ.get("REMIT_TRUST"))
    if pinned or not isinstance(log, KafkaLog):
        detail = "pinned" if pinned else "producer and consumer share this machine"
        return Finding(name, holds=True, detail=detail)
    mend = (
        "first use trusts what it finds: give producers REMIT_TRUST (`remit keys export` prints it)"
    )
    return Finding(name, holds=True, detail=mend, is_weak=True)


def _witness(settings: Settings) -> Finding:
    """Whether somebody outside knows how the receipts stood."""
    name, anchoring = "witness", settings.anchoring
    if anchoring.witness is not None or anchoring.authority:
        return Finding(name, holds=True, detail="somebody outside is shown how the chains stand")
    mend = "nobody outside: who rewrites every commit is not found; set REMIT_WITNESS or REMIT_TSA"
    return Finding(name, holds=True, detail=mend, is_weak=True)


def memory(swaps: Path, core_bytes: int) -> Finding:
    """Where this machine would write what a consumer holds in memory: raw batches and keys."""
    lines = []
    if core_bytes != 0:
        lines.append("core dumps are allowed: `ulimit -c 0`, or LimitCORE=0")
    if swaps.exists() and len(swaps.read_text().splitlines()) > 1:
        lines.append("swap is on: `swapoff -a`, or encrypt it")
    detail = "; ".join(lines) or "neither core dumps nor swap"
    return Finding("memory", holds=True, detail=detail, is_weak=bool(lines))
