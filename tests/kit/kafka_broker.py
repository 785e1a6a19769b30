"""Start an Apache Kafka broker by hand: `python tests/kit/kafka_broker.py --port 9092`.

Prints host:port when it answers, and runs until it is killed or interrupted; then nothing of it is left.
"""

import argparse
import signal
import sys
from contextlib import suppress
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))  # run as a script, `kit` is not on the path

from kit.kafka import Kafka


def main() -> None:
    """Run one broker until a signal comes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--heap-mb", type=int, default=512, help="Java heap in MiB")
    wanted = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with (
        suppress(KeyboardInterrupt),
        Kafka(port=wanted.port, heap_mb=wanted.heap_mb, external="") as kafka,
    ):
        print(kafka.bootstrap, flush=True)  # noqa: T201 - what this program is for
        signal.pause()


if __name__ == "__main__":
    main()
