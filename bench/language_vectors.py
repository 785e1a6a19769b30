"""Which language is read from a header, held against other people's lists.

    python -m bench.language_vectors werkzeug_language_bestmatch.jsonl
    python -m bench.language_vectors navigator_language_weights.json

Two kinds of file: rows of `values` (tags with weights), `matches`, `default` and `expect`, as Werkzeug tests
`LanguageAccept.best_match`; or one object of real `navigator.language` tags with their shares.
"""

import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from remit_consumers.reducers.language import primary


def score(path: Path) -> tuple[int, int, list[str]]:
    """Read the language of every row of a file.

    Returns:
        How many are wrong, how many there are, and what was wrong how often.
    """
    text = path.read_text(encoding="utf-8")
    cases = list(_cases(text) if path.suffix == ".jsonl" else _tags(text))
    wrong = Counter(kind for header, wanted, kind in cases if primary(header) != wanted)
    return wrong.total(), len(cases), [f"{kind}: {count}" for kind, count in wrong.most_common()]


def _cases(text: str) -> Iterator[tuple[str, str, str]]:
    """Give header, wanted language and kind of each row of matches."""
    for line in text.splitlines():
        row = json.loads(line)
        header = ", ".join(f"{tag};q={weight:g}" for tag, weight in row["values"])
        best, _ = max(row["values"], key=lambda value: value[1])
        yield header, _subtag(best), "not the one with the highest weight"
        if row["expect"] is not None and row["expect"] != row["default"]:
            yield header, _subtag(row["expect"]), "not the language of the best match"


def _tags(text: str) -> Iterator[tuple[str, str, str]]:
    """Give each real tag with its primary subtag."""
    for tag in json.loads(text):
        yield tag, _subtag(tag), "not the primary subtag"


def _subtag(tag: str) -> str:
    """Take the primary subtag of a tag."""
    return tag.replace("_", "-").partition("-")[0].lower()


if __name__ == "__main__":
    wrong, total, kinds = score(Path(sys.argv[1]))
    print(f"wrong {wrong} of {total}", *kinds, sep="\n")
