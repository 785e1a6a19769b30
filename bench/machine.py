"""Where and with what was measured: goes beside every figure, or the figure says nothing."""

import os
import platform
import time
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

PACKAGES: Final = (
    "remit",
    "confluent-kafka",
    "cryptography",
    "deltalake",
    "fastavro",
    "polars",
    "pyarrow",
    "pydantic",
    "pyruhvro",
    "ua-parser",
    "zstandard",
)
LOOK_S: Final = 0.5  # long enough for /proc/stat's 10 ms ticks to say something
PROC: Final = Path("/proc")
MIB: Final = 1 << 20


def machine() -> dict[str, object]:
    """Describe the machine, its state and the versions that were measured."""
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "processor": processor(),
        "cores": os.cpu_count(),
        "memory_mb": os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // MIB,
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "versions": versions(),
        "load_1_min": round(os.getloadavg()[0], 2),
        "busy_before": round(busy(), 2),
    }


def processor() -> str:
    """Name the processor, as far as the system says."""
    try:
        lines = (PROC / "cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def versions() -> dict[str, str]:
    """Give the version of each package that a figure depends on."""
    found: dict[str, str] = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found


def busy() -> float:
    """Give the share of all cores that somebody else uses right now, 0 to 1."""
    before = _ticks()
    time.sleep(LOOK_S)
    spent = [after - at for at, after in zip(before, _ticks(), strict=True)]
    idle = spent[3] + spent[4]
    return 1 - idle / max(1, sum(spent))


def resident_mb(pid: int) -> float:
    """Give the resident memory of a process in MiB; 0 when it is gone."""
    try:
        status = (PROC / str(pid) / "status").read_text("utf-8")
    except OSError:
        return 0.0
    lines = [line for line in status.splitlines() if line.startswith("VmRSS:")]
    return int(lines[0].split()[1]) / 1024 if lines else 0.0


def processor_s(pid: int) -> float:
    """Give the processor seconds that a process has used, its threads included."""
    fields = (PROC / str(pid) / "stat").read_text("utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def busy_s() -> float:
    """Give the processor seconds that all processes have used since the machine's start."""
    user, nice, system, _, _, *interrupts = _ticks()
    return sum((user, nice, system, *interrupts[:2])) / os.sysconf("SC_CLK_TCK")


def _ticks() -> list[int]:
    """Read what the cores did: user, nice, system, idle, waiting for disk, and so on."""
    try:
        first = (PROC / "stat").read_text("utf-8").partition("\n")[0]
    except OSError:
        return [0] * 8
    return [int(field) for field in first.split()[1:9]]
