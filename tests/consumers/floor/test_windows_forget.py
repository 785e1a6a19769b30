"""Somebody who is erased leaves what the open windows have seen."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from remit_consumers.floor.seen import Seen, number_of
from remit_consumers.floor.window import Sealer, Window, WindowName

NAME = WindowName(
    "page_view", "0123abcd", int(datetime(2026, 3, 5, tzinfo=UTC).timestamp()), 86_400
)


def test_the_sealed_windows_forget_a_visitor_and_what_only_they_had(tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir()
    sealer = Sealer(tmp_path / "floors", tmp_path / "keys", 3)
    ann, bob = number_of("a" * 32), number_of("b" * 32)
    window = Window(("agent",), Seen(5), Seen(5))
    combinations = [("", "common"), ("", "rare")]
    rows, whose = np.array([0, 0, 1]), np.array([ann, bob, ann], np.uint64)
    window.add(combinations, combinations, rows, whose)
    sealer.save(NAME, window)
    assert sealer.forget({ann}) == 1
    left = sealer.load(NAME)
    assert left is not None
    assert left.before.visitors == {("", "common"): {bob}}
    assert (left.before.kept, left.before.subjects) == (1, 1)
    assert sealer.forget({ann}) == 0
