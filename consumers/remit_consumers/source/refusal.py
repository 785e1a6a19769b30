"""That a broker is there and will not have us, told apart from a broker that is not there: only the second passes."""

from typing import Final

from confluent_kafka import KafkaError

CERTIFICATE: Final = "certificate"  # stands in OpenSSL's words where one is wrong or missing; a cut connection has other words

_LOGIN: Final = "the broker refuses the log-in: see REMIT_KAFKA_SASL_MECHANISM, REMIT_KAFKA_SASL_USERNAME and its password"
_CERTIFICATES: Final = (
    "the broker and this program do not accept each other's certificate: see REMIT_KAFKA_SSL_CA_LOCATION, "
    "the host's name in REMIT_LOG, and REMIT_KAFKA_SSL_CERTIFICATE_LOCATION where the broker asks for one"
)
# librdkafka's own errors; a broker that misses our certificate says so only behind the handshake (TLS 1.3)
_OF_LOGIN: Final = frozenset({KafkaError._AUTHENTICATION})  # noqa: SLF001  # they are named so
_OF_TLS: Final = frozenset({KafkaError._SSL, KafkaError._TRANSPORT})  # noqa: SLF001  # as above


class Refusal:
    """Listens to a client of librdkafka (as its `error_cb`), and keeps why a broker would not have it.

    Attributes:
        why: One line that says what to look at; empty while nobody refused. No value is in it.
    """

    def __init__(self) -> None:
        self.why = ""

    def __call__(self, error: KafkaError) -> None:
        """Hear of an error; most of them pass by themselves."""
        if error.code() in _OF_LOGIN:
            self.why = _LOGIN
        elif error.code() in _OF_TLS and CERTIFICATE in error.str():
            self.why = _CERTIFICATES
