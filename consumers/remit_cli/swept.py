"""What `remit sweep --apply` says that it did."""

from collections.abc import Iterator

from remit_consumers.retention.sweep import Swept


def facts_of(done: Swept) -> dict[str, int]:
    """What was done, for a program."""
    return {
        "rows": done.rows,
        "narrowed": done.narrowed,
        "files": done.files,
        "expired": done.expired,
        "log_entries": done.entries,
        "compacted": done.merged,
        "renewed": done.renewed.files,
        "old_files": done.renewed.left,
    }


def lines_of(done: Swept, views: int) -> Iterator[str]:
    """What was done, for a person."""
    words = f"{done.rows:,} rows went, {done.narrowed:,} are left with less; {done.files:,} files and {views:,} views"
    late = f"; {done.expired:,} events in quarantine expired" if done.expired else ""
    cut = f"; {done.entries:,} entries of logs were cut" if done.entries else ""
    small = f"; {done.merged:,} small files were merged" if done.merged else ""
    yield f"{words} were taken away or made anew{late}{small}{cut}"
    files, left = done.renewed.files, done.renewed.left
    if files or left:
        more = f"; {left:,} are left: sweep again" if left else ", and none is left"
        yield f"{files:,} files of an older remit, whose dictionaries may name who was erased, were written anew{more}"
