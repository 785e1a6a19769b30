"""That a broker is there and will not have us, told apart from a broker that is not there: only the second passes."""

from typing import Final

from confluent_kafka import KafkaError

CERTIFICATE: Final = "certificate"  # stands in OpenSSL's words where one is wrong or missing; a cut connection has other words

_WORDS: Final = {
    KafkaError._AUTHENTICATION: (  # noqa: SLF001  # librdkafka's own errors are named so
        "the broker refuses the log-in: see REMIT_KAFKA_SASL_MECHANISM, REMIT_KAFKA_SASL_USERNAME and its password"
    ),
    KafkaError._SSL: (  # noqa: SLF001  # as above
        "the broker and this program do not accept each other's certificate: see REMIT_KAFKA_SSL_CA_LOCATION, "
        "the host's name in REMIT_LOG, and REMIT_KAFKA_SSL_CERTIFICATE_LOCATION where the broker asks for one"
    ),
}


class Refusal:
    """Listens to a client of librdkafka (as its `error_cb`), and keeps why a broker would not have it.

    Attributes:
        why: One line that says what to look at; empty while nobody refused. No value is in it.
    """

    def __init__(self) -> None:
        self.why = ""

    def __call__(self, error: KafkaError) -> None:
        """Hear of an error; most of them pass by themselves."""
        words = _WORDS.get(error.code(), "")
        if error.code() == KafkaError._SSL and CERTIFICATE not in error.str():  # noqa: SLF001  # as above
            return
        self.why = words or self.why
