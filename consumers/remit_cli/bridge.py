"""`remit bridge`: plain Avro of other languages' producers, checked, sealed at once and sent on."""

import logging
import os
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from remit_cli.options import Data, Json, print_json, settings_of
from remit_cli.stopping import asked_to_stop
from remit_consumers.deployment import contracts_of
from remit_consumers.settings import Settings
from remit_schemas.codec import own_schema_id
from remit_schemas.contract import Contract
from remit_schemas.errors import SettingsError
from remit_schemas.log_address import KafkaLog, parse_log

app = typer.Typer(
    help="Plain Avro of other languages' producers, from PREFIX.plain: sealed at once.\n\nExample: remit bridge check",
    no_args_is_help=True,
)

Loopback = Annotated[
    bool,
    typer.Option(
        "--loopback", help="Do without TLS, to a broker on this machine; every proof says so."
    ),
]


@app.command()
def run(*, data: Data = None, loopback: Loopback = False) -> None:
    """Take plain messages, seal them and send them on, each exactly once, until stopped. A second one takes over.

    Example: REMIT_LOG=kafka://broker:9093/remit remit bridge run
    """
    from remit.bridge.start import open_bridge  # noqa: PLC0415 - librdkafka only where it is used

    settings = settings_of(data)
    address = _address(settings)
    logging.basicConfig(
        stream=sys.stderr,
        level=logging.INFO,
        format="%(asctime)s %(levelname)s %(name)s %(message)s",
    )
    with asked_to_stop() as stop:
        contracts = contracts_of(settings.policy)
        bridge = open_bridge(os.environ, address, settings.data, contracts, is_loopback=loopback)
        typer.echo(f"remit: sealing what comes to {address.plain_topic}; Ctrl-C stops", err=True)
        bridge.run(stop)
    refused = ", ".join(f"{count:,} {reason}" for reason, count in bridge.refused.items())
    typer.echo(f"remit: {bridge.sealed:,} events sealed, refused: {refused or 'none'}", err=True)


@app.command()
def check(*, data: Data = None, loopback: Loopback = False, as_json: Json = False) -> None:
    """Check that the topic of plain messages is closed to the network, to strangers and to time. Exit 2 where not.

    Example: remit bridge check
    """
    from remit.bridge.start import door_of  # noqa: PLC0415 - as above

    settings = settings_of(data)
    door = door_of(_address(settings), settings.kafka, is_loopback=loopback)
    door.check_now()
    if as_json:
        print_json({"topic": door.topic, "tls": not loopback, "holds": True})
        return
    Console().print(
        f"{door.topic}: {'no TLS, on this machine' if loopback else 'TLS'}, an hour at most, named producers only",
        highlight=False,
    )


@app.command()
def schemas(
    folder: Annotated[
        Path | None,
        typer.Option("--to", help="Write the .avsc files into this folder.", file_okay=False),
    ] = None,
    *,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """List the contracts with the schema ids they have where there is no registry; --to writes them for other teams.

    Example: remit bridge schemas --to contracts/
    """
    contracts = list(contracts_of(settings_of(data).policy))
    facts = {contract.name: _facts(contract) for contract in contracts}
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        for contract in contracts:
            (folder / f"{contract.name}.avsc").write_text(contract.schema_json, encoding="utf-8")
    if as_json:
        print_json({"schemas": facts})
        return
    for name, fact in facts.items():
        typer.echo(f"{fact['schema_id']}\t{name}\t{fact['fingerprint']}")


def _facts(contract: Contract) -> dict[str, int | str]:
    """What a producer in another language needs to know beside the schema."""
    return {
        "schema_id": own_schema_id(contract),
        "fingerprint": contract.fingerprint.hex(),
        "file": f"{contract.name}.avsc",
    }


def _address(settings: Settings) -> KafkaLog:
    address = parse_log(settings.log)
    if not isinstance(address, KafkaLog):
        raise SettingsError("plain messages come by Kafka: set REMIT_LOG=kafka://host:port/PREFIX")
    return address
