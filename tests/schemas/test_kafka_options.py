"""Options for Kafka: secrets from files, and nothing that was meant to guard the way is left aside in silence."""

from pathlib import Path

import pytest

from remit_schemas.errors import SettingsError
from remit_schemas.kafka_options import kafka_options

TLS = {"REMIT_KAFKA_SECURITY_PROTOCOL": "SASL_SSL", "REMIT_KAFKA_SASL_USERNAME": "shop"}


def test_a_variable_becomes_the_option_of_its_name_and_others_are_left() -> None:
    assert kafka_options({**TLS, "REMIT_LOG": "x", "PATH": "y"}) == {
        "security.protocol": "SASL_SSL",
        "sasl.username": "shop",
    }


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_a_password_is_read_from_a_file_without_the_end_of_its_line(
    end: str, tmp_path: Path
) -> None:
    path = tmp_path / "password"
    path.write_bytes(f" it has spaces {end}".encode())
    found = kafka_options({**TLS, "REMIT_KAFKA_SASL_PASSWORD_FILE": str(path)})
    assert found["sasl.password"] == " it has spaces "
    assert "sasl.password.file" not in found


@pytest.mark.parametrize("content", [b"", b"\n", b"\xff\xfe", b"x" * 70_000])
def test_a_file_that_holds_no_secret_is_named_by_its_variable(
    content: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "password"
    path.write_bytes(content)
    with pytest.raises(SettingsError, match="REMIT_KAFKA_SASL_PASSWORD_FILE"):
        kafka_options({**TLS, "REMIT_KAFKA_SASL_PASSWORD_FILE": str(path)})


def test_a_file_that_is_not_there_is_named_by_its_variable() -> None:
    with pytest.raises(SettingsError, match="REMIT_KAFKA_SASL_PASSWORD_FILE"):
        kafka_options({**TLS, "REMIT_KAFKA_SASL_PASSWORD_FILE": "/nowhere/at/all"})


def test_a_secret_that_is_said_twice_is_refused_without_repeating_it(tmp_path: Path) -> None:
    path = tmp_path / "password"
    path.write_text("one")
    both = {"REMIT_KAFKA_SASL_PASSWORD": "other", "REMIT_KAFKA_SASL_PASSWORD_FILE": str(path)}
    with pytest.raises(SettingsError, match="only one") as caught:
        kafka_options({**TLS, **both})
    assert "other" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "protocol"),
    [
        ("SASL_PASSWORD", None),
        ("SASL_PASSWORD", "plaintext"),
        ("SASL_USERNAME", "SSL"),
        ("SSL_KEY_PASSWORD", None),
        ("SSL_CIPHER_SUITES", "SASL_PLAINTEXT"),
    ],
)
def test_what_the_protocol_would_leave_aside_is_refused_and_never_plaintext(
    name: str, protocol: str | None
) -> None:
    said = {} if protocol is None else {"REMIT_KAFKA_SECURITY_PROTOCOL": protocol}
    with pytest.raises(SettingsError, match=f"REMIT_KAFKA_{name} is set") as caught:
        kafka_options({f"REMIT_KAFKA_{name}": "canary", **said})
    assert "canary" not in str(caught.value)


def test_a_certificate_that_is_not_there_is_named_by_its_variable(tmp_path: Path) -> None:
    named = {**TLS, "REMIT_KAFKA_SSL_CA_LOCATION": str(tmp_path / "ca.pem")}
    with pytest.raises(SettingsError, match="REMIT_KAFKA_SSL_CA_LOCATION"):
        kafka_options(named)
    (tmp_path / "ca.pem").touch()
    assert kafka_options(named)["ssl.ca.location"] == str(tmp_path / "ca.pem")
    assert kafka_options({**TLS, "REMIT_KAFKA_SSL_CA_LOCATION": "probe"})
