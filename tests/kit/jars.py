"""The jars of Apache Kafka: fetched once by Maven, every one checked against a list in the repository."""

import fcntl
import hashlib
import re
import shutil
import subprocess
from pathlib import Path

KAFKA_VERSION = "4.1.1"  # as in kafka-server/pom.xml; a test compares
SERVER = Path(__file__).parent / "kafka-server"
CACHE = Path(__file__).parents[2] / ".cache" / "kafka"
JAVA_NEEDED = 17  # major version; Kafka 4's server needs it
FETCH_TIMEOUT_S = 600  # 43 MB; half a minute on a usual line
COPY_GOAL = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies"


class Missing(Exception):
    """Something that Kafka needs is not on this machine; the message says what."""


def require_java() -> None:
    """Check that a Java that Kafka runs on is there.

    Raises:
        Missing: there is none, or it is too old.
    """
    java = shutil.which("java")
    if java is None:
        raise Missing("no Java found; it needs Java 17 or newer")
    told = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
    found = re.search(r'version "(\d+)', told)
    if found is None or int(found[1]) < JAVA_NEEDED:
        raise Missing(f"Java {found[1] if found else '?'} found; it needs Java 17 or newer")


def kafka_jars() -> Path:
    """Give the folder of the jars, fetched if they are not there yet, all of them checked.

    Raises:
        Missing: they have to be fetched and Maven is not there.
        RuntimeError: Maven failed, or a jar is not the one expected.
    """
    require_java()
    CACHE.mkdir(parents=True, exist_ok=True)
    jars = CACHE / f"libs-{KAFKA_VERSION}"
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two runs at once: the second waits for the first's jars
        if not jars.exists():
            fetched = CACHE / "fetching"
            shutil.rmtree(fetched, ignore_errors=True)
            _fetch(fetched)
            check_jars(fetched, SERVER / "SHA256SUMS")
            fetched.rename(jars)
        check_jars(jars, SERVER / "SHA256SUMS")
        (CACHE / "checked").touch()  # scripts/parts: no Maven needed any more
    return jars


def check_jars(jars: Path, sums: Path) -> None:
    """Compare a folder of jars with the list of what they must be.

    Raises:
        RuntimeError: a jar is missing, is not on the list, or has another hash.
    """
    expected = {name: digest for digest, name in map(str.split, sums.read_text().splitlines())}
    found = {jar.name: hashlib.sha256(jar.read_bytes()).hexdigest() for jar in jars.iterdir()}
    wrong = sorted(name for name, _ in expected.items() ^ found.items())
    if wrong:
        raise RuntimeError(f"not the jars of {sums}: {', '.join(dict.fromkeys(wrong))} in {jars}")


def _fetch(into: Path) -> None:
    maven = shutil.which("mvn")
    if maven is None:
        raise Missing("its jars are not in .cache/kafka and there is no Maven to fetch them")
    command = [maven, "-q", "-B", "-f", str(SERVER / "pom.xml"), COPY_GOAL]
    command += ["-DincludeScope=runtime", f"-DoutputDirectory={into}"]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=FETCH_TIMEOUT_S
    )
    if done.returncode != 0:
        raise RuntimeError(f"Maven could not fetch the jars of Kafka: {done.stdout[-2000:]}")
