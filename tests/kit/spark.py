"""Spark, of the version that is locked, in a folder beside remit's own packages."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from kit.jars import require_java
from kit.tree import ROOT

NAME: Final = "Apache Spark"
LOCK = ROOT / "requirements" / "spark.txt"
PLACE = ROOT / ".cache" / "spark"
MAKING_TIMEOUT_S = 1_200  # 450 MB; a minute on a usual line


class NoSpark(Exception):
    """It cannot be had; the message says what is missing."""


def packages() -> Path:
    """Give the folder with pyspark, made if it is not there.

    Raises:
        NoSpark: It cannot be installed.
        Missing: There is no Java that it runs on.
    """
    require_java()
    made = PLACE / "made-of.txt"
    if made.exists() and made.read_bytes() == LOCK.read_bytes():
        return PLACE
    shutil.rmtree(PLACE, ignore_errors=True)
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    done = subprocess.run(
        [*install, "--no-deps", "--require-hashes", "--target", str(PLACE), "-r", str(LOCK)],
        capture_output=True,
        check=False,
        timeout=MAKING_TIMEOUT_S,
    )
    if done.returncode:
        raise NoSpark(f"{LOCK.name} cannot be installed")
    shutil.copy(LOCK, made)
    return PLACE


def job(env: dict[str, str], *arguments: str) -> str:
    """Run the job as a person would, on this machine with two workers; gives what it prints."""
    place = packages()
    paths = os.pathsep.join([*sys.path, str(place)])
    more = {"PYTHONPATH": paths, "PYSPARK_PYTHON": sys.executable, "SPARK_LOCAL_IP": "127.0.0.1"}
    more["PYSPARK_SUBMIT_ARGS"] = (
        "--master local[2] --driver-memory 512m --conf spark.ui.enabled=false pyspark-shell"
    )
    done = subprocess.run(
        [sys.executable, "-m", "remit_consumers.reminimize.spark", *arguments],
        env=env | more,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return done.stdout
