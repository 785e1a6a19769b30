"""How Kafka's programs are run by Java: the broker, and the tool that formats its data folder."""

import base64
import subprocess
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path

from kit.jars import SERVER, kafka_jars
from kit.leash import leashed


class Java:
    """Java with Kafka's checked jars, in the folder of one broker.

    Attributes:
        folder: Where the broker's properties, logs and data lie.
    """

    def __init__(self, folder: Path, heap_mb: int) -> None:
        self.folder = folder
        options = [f"-Xms{heap_mb // 2}m", f"-Xmx{heap_mb}m", "-XX:+UseSerialGC", "-Xshare:auto"]
        options += [f"-Dkafka.logs.dir={folder}"]
        options += [f"-Dlog4j2.configurationFile={SERVER / 'log4j2.properties'}"]
        self._words = ["java", *options, "-cp", f"{kafka_jars()}/*"]

    @property
    def properties(self) -> Path:
        """The broker's settings."""
        return self.folder / "server.properties"

    def write(self, values: Mapping[str, object], more: str = "") -> None:
        """Fill in the template of the settings; of a key that stands twice, the last one holds."""
        text = (SERVER / "server.properties").read_text()
        for name, value in values.items():
            text = text.replace(f"{{{name}}}", str(value))
        self.properties.write_text(text + more)

    def format(self, cluster: str, *options: str) -> "subprocess.Popen[bytes]":
        """Begin to format the data folder."""
        tool = ["kafka.tools.StorageTool", "format", *options, "-t", cluster]
        command = leashed([*self._words, *tool, "-c", str(self.properties)])
        return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)

    def serve(self) -> "subprocess.Popen[bytes]":
        """Start the broker; what it says goes to `broker.log`."""
        with (self.folder / "broker.log").open("ab") as log:
            return subprocess.Popen(
                leashed([*self._words, "kafka.Kafka", str(self.properties)]),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # a Ctrl-C for the tests is not one for the broker
            )

    def tail(self) -> str:
        """The end of what the broker said."""
        log = self.folder / "broker.log"
        return log.read_text(errors="replace")[-2000:] if log.exists() else ""


def new_cluster_id() -> str:
    """Invent the name of a cluster."""
    return base64.urlsafe_b64encode(b"\x01" + uuid.uuid4().bytes[1:]).decode().rstrip("=")


def finish(formatting: Sequence["subprocess.Popen[bytes]"]) -> None:
    """Wait until data folders are formatted.

    Raises:
        RuntimeError: One could not be.
    """
    for each in formatting:
        _, said = each.communicate()
        if each.returncode != 0:
            raise RuntimeError(f"Kafka could not format its data folder: {said[-2000:]!r}")
