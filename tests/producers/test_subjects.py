"""The subjects that a process has named lately: remembered, within bounds."""

from remit.subjects import KNOWN_CHARS_MAX, KNOWN_MAX, Subjects


def test_a_subject_has_one_lane_whether_it_is_remembered_or_not() -> None:
    subjects = Subjects(12, bytes(32))
    long = "x" * (KNOWN_CHARS_MAX + 1)
    assert subjects[long] == subjects[long] == Subjects(12, bytes(32))[long]
    assert subjects["ann"] == subjects["ann"]
    assert list(subjects) == ["ann"]


def test_only_so_many_are_remembered() -> None:
    subjects = Subjects(12, bytes(32))
    for n in range(KNOWN_MAX + 1):
        assert subjects[f"{n}"][0] == f"{n}".encode()
    assert len(subjects) == 1
