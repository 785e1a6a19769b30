"""What librdkafka is told by `REMIT_KAFKA_…`: the same on both sides, secrets from files, never a weaker way than was meant."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from remit_schemas.errors import SettingsError

PREFIX: Final = "REMIT_KAFKA_"
"""Variables with this prefix are librdkafka's."""

PROTOCOL: Final = "security.protocol"
"""How the way to the broker is guarded: plaintext, ssl, sasl_ssl or sasl_plaintext."""

SECRETS: Final = frozenset(
    {
        "sasl.oauthbearer.client.secret",
        "sasl.password",
        "ssl.key.password",
        "ssl.key.pem",
        "ssl.keystore.password",
    }
)
"""Options that may come from a file: the variable with `_FILE` behind its name."""

SECRET_BYTES_MAX: Final = 64 << 10
"""More than any key in PEM has: who names a wrong file is told so, and it is not read whole."""

WAITS: Final[Mapping[str, str | int]] = MappingProxyType(
    {
        "socket.timeout.ms": 10_000,
        "topic.metadata.refresh.interval.ms": 3_000,
    }
)
"""How long both sides wait for a broker that takes what is sent to it and says nothing (frozen, or cut off).

librdkafka's own minute for an answer, and five for who leads a partition, held both sides up for as long after the
others had elected a leader. A broker misses another after 9 s by default. What is set by `REMIT_KAFKA_…` goes before.
"""

_FILE: Final = "_FILE"
_PROBE: Final = "probe"  # librdkafka's word for: look where this system keeps its authorities


def kafka_options(environ: Mapping[str, str]) -> Mapping[str, str]:
    """Read the options; ``REMIT_KAFKA_SECURITY_PROTOCOL`` becomes librdkafka's ``security.protocol``.

    Args:
        environ: `os.environ`, or a part of it.

    Raises:
        SettingsError: A file cannot be read, a secret is said twice, or what is set for TLS or a log-in would not be
            used, because the protocol does without.
    """
    options: dict[str, str] = {}
    for variable in sorted(environ):
        if not variable.startswith(PREFIX):
            continue
        name = _name_of(variable)
        if name.endswith(".file") and (secret := name.removesuffix(".file")) in SECRETS:
            if variable.removesuffix(_FILE) in environ:
                raise SettingsError(f"{variable.removesuffix(_FILE)} and {variable}: set only one")
            options[secret] = _secret(variable, environ[variable])
        else:
            options[name] = environ[variable]
    _check_way(options)
    _check_places(options)
    return MappingProxyType(options)


def _name_of(variable: str) -> str:
    return variable.removeprefix(PREFIX).lower().replace("_", ".")


def _secret(variable: str, path: str) -> str:
    """Read a secret; the line's end that editors leave behind it is no part of it."""
    try:
        with Path(path).open("rb") as file:
            text = file.read(SECRET_BYTES_MAX + 1).decode()
    except (OSError, ValueError):
        raise SettingsError(f"{variable} names no file of text that can be read") from None
    if len(text) > SECRET_BYTES_MAX or not text.strip():
        raise SettingsError(f"the file that {variable} names is empty, or too large for a secret")
    return text.rstrip("\r\n")


def _check_way(options: Mapping[str, str]) -> None:
    """Refuse what librdkafka would leave aside in silence: it would go on in plaintext, and without a log-in."""
    protocol = options.get(PROTOCOL, "plaintext").lower()
    wanted = {
        "sasl.": ("sasl_ssl", "sasl_plaintext"),
        "ssl.": ("ssl", "sasl_ssl"),
    }
    for beginning, protocols in wanted.items():
        named = [name for name in options if name.startswith(beginning)]
        if named and protocol not in protocols:
            raise SettingsError(
                f"{_variable(named[0])} is set, but with {_variable(PROTOCOL)}={protocol} it would not be used: "
                f"set {' or '.join(one.upper() for one in protocols)}"
            )


def _check_places(options: Mapping[str, str]) -> None:
    """Refuse a certificate or key that is not there: librdkafka would say so only where nobody listens."""
    for name, place in options.items():
        if (
            name.startswith("ssl.")
            and name.endswith(".location")
            and place != _PROBE
            and not Path(place).exists()
        ):
            raise SettingsError(f"{_variable(name)} names nothing that is there")


def _variable(name: str) -> str:
    return PREFIX + name.upper().replace(".", "_")
