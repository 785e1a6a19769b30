"""Single files from Maven Central: fetched once, checked against the hash that stands beside their name."""

import fcntl
import hashlib
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from kit.jars import FETCH_TIMEOUT_S, Missing

CACHE = Path(__file__).parents[2] / ".cache" / "maven"
COPY_GOAL = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy"


@dataclass(frozen=True, slots=True)
class Artifact:
    """A file on Maven Central.

    Attributes:
        name: ``group:artifact:version:type:classifier``, the last two only where they are not a jar's.
        file: What the file is called.
        sha256: What it must be, as hex.
    """

    name: str
    file: str
    sha256: str


AVRO = Artifact(
    "org.apache.avro:avro:1.12.0",
    "avro-1.12.0.jar",
    "1f5fbfff9b7427d6832cc3031a3c81413d3e21d9e2551847d9231c28493f9492",
)
"""Apache Avro for Java; what it needs beside itself is among the jars of Kafka."""

APICURIO = Artifact(
    "io.apicurio:apicurio-registry-app:2.6.13.Final:tar.gz:all",
    "apicurio-registry-app-2.6.13.Final-all.tar.gz",
    "3cda1b34aa020fb4ac4dd6a66018d757e81e437f97e20a1f92d366b70091c6ba",
)
"""A schema registry with Confluent's interface, the newest on Central that runs on Java 17; 142 MB."""


def fetched(artifact: Artifact) -> Path:
    """Give the file, fetched if it is not there yet, and checked.

    Raises:
        Missing: It has to be fetched and Maven is not there, or did not bring it.
        RuntimeError: It is not the one expected.
    """
    CACHE.mkdir(parents=True, exist_ok=True)
    path = CACHE / artifact.file
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two runs at once: the second waits for the first's file
        if not path.exists():
            _fetch(artifact.name)
        if hashlib.sha256(path.read_bytes()).hexdigest() != artifact.sha256:
            raise RuntimeError(f"{artifact.file} is not the file that was expected")
    return path


def _fetch(name: str) -> None:
    maven = shutil.which("mvn")
    if maven is None:
        raise Missing(f"{name} is not in .cache/maven and there is no Maven to fetch it")
    command = [maven, "-q", "-B", COPY_GOAL, f"-Dartifact={name}", f"-DoutputDirectory={CACHE}"]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=FETCH_TIMEOUT_S
    )
    if done.returncode != 0:
        raise Missing(f"Maven could not fetch {name}")
