"""Fuzz by coverage: `make fuzz`, with MINUTES= for each target and TARGET= for some of them.

Every target runs in a process of its own, because libFuzzer ends with the first find. Its corpus grows in
`.cache/fuzz/corpus/<target>`; what made a parser fail lies in `.cache/fuzz/found/<target>` and is to be moved to
`tests/fuzz/found/<target>`, where a test runs it from then on. The figures of a run are printed, a line for each target.
"""

import argparse
import importlib.util
import json
import os
import re
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent
CACHE = HERE.parents[1] / ".cache" / "fuzz"
OURS = ["remit", "remit_schemas", "remit_consumers", "remit_cli"]
INPUT_BYTES_MAX = 16 << 10
INPUT_SECONDS_MAX = 20
MEMORY_MB_MAX = 4096
WORD_BYTES_MAX = 64
"""libFuzzer's own limit of a word in a dictionary."""


def fuzz(name: str, seconds: float) -> None:
    """Fuzz one target in this process; libFuzzer ends it."""
    import atheris  # noqa: PLC0415 - only `make fuzz` has it

    from fuzz.mutated import PLANTED, WORDS  # noqa: PLC0415 - after its imports were instrumented
    from fuzz.table import TARGETS  # noqa: PLC0415 - as above
    from kit.canaries import BITS, assert_silent, said  # noqa: PLC0415 - as above

    target = TARGETS[name]
    corpus, found = CACHE / "corpus" / name, CACHE / "found" / name
    for folder in (corpus, found):
        folder.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(target.seeds):
        (corpus / f"seed-{number}").write_bytes(seed)
    words = [word for word in (*WORDS, *PLANTED) if len(word) < WORD_BYTES_MAX]
    (CACHE / f"{name}.dict").write_text("".join(f'"{_escaped(word)}"\n' for word in words))

    def tried(data: bytes) -> None:
        error = target.try_on(data)
        if error and not target.is_quoting and any(bit.encode() in data for bit in BITS):
            assert_silent(said(error))

    options = {
        "max_total_time": int(seconds),
        "max_len": INPUT_BYTES_MAX,
        "timeout": INPUT_SECONDS_MAX,
        "rss_limit_mb": MEMORY_MB_MAX,
        "artifact_prefix": f"{found}/",
        "dict": CACHE / f"{name}.dict",
        "print_final_stats": 1,
    }
    flags = [f"-{key}={value}" for key, value in options.items()]
    atheris.Setup([sys.argv[0], str(corpus), *flags], tried)
    atheris.Fuzz()


def _escaped(word: bytes) -> str:
    return "".join(f"\\x{byte:02x}" for byte in word)


def apart(name: str, seconds: float) -> bool:
    """Fuzz a target in a process of its own, and print what came of it; whether nothing was found."""
    begin, log = time.monotonic(), CACHE / f"{name}.log"
    child = os.fork()
    if not child:
        with log.open("wb") as into:
            os.dup2(into.fileno(), 1)
            os.dup2(into.fileno(), 2)
        fuzz(name, seconds)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    told = log.read_text("utf-8", "replace")
    runs, cover = re.findall(r"#(\d+)\t", told), re.findall(r"cov: (\d+)", told)
    figures = {
        "target": name,
        "executions": int(runs[-1]) if runs else 0,
        "seconds": round(time.monotonic() - begin),
        "edges": int(cover[-1]) if cover else 0,
        "found": status != 0,
    }
    sys.stdout.write(json.dumps(figures) + "\n")
    if status:
        sys.stdout.write(told[-3000:] + "\n")
    sys.stdout.flush()
    return status == 0


def main() -> int:
    """Read the command line and fuzz."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--minutes", type=float, default=1.0)
    asked.add_argument("targets", nargs="*")
    said = asked.parse_args()
    if importlib.util.find_spec("atheris") is None:
        sys.stderr.write(
            "fuzz: NOT RUN: atheris is not here; `make fuzz` installs it where it has a wheel (Linux, CPython 3.11 to 3.13)\n"
        )
        return 2
    import atheris  # noqa: PLC0415 - looked for above

    sys.path.insert(0, str(HERE.parent))
    CACHE.mkdir(parents=True, exist_ok=True)
    with atheris.instrument_imports(include=OURS):
        from fuzz.table import TARGETS  # noqa: PLC0415 - instrumented as it is imported
    names = said.targets or list(TARGETS)
    return 0 if all([apart(name, said.minutes * 60) for name in names]) else 1  # noqa: C419 - all of them run


if __name__ == "__main__":
    sys.exit(main())
