"""Every package that is locked has a licence that Apache-2.0 code may stand on; one that is new is looked at first."""

import re
from importlib.metadata import PackageNotFoundError, metadata

import pytest

from kit.tree import ROOT

LOCKED = re.compile(r"^([a-z0-9._-]+)==", re.MULTILINE)
ALLOWED = frozenset(
    "0BSD Apache-2.0 BSD BSD-2-Clause BSD-3-Clause CC0-1.0 ISC MIT MIT-0 MIT-CMU PSF-2.0 Zlib".split()
)
FILE_BY_FILE = {"certifi", "hypothesis", "pathspec", "publicsuffixlist"}
"""MPL-2.0: binds who changes its files, and they stay as they came."""

REPLACEABLE = {"psycopg", "psycopg-binary", "python-stdnum"}
"""LGPL: imported as they are, not shipped, and replaceable by whoever has remit."""

CLASSIFIERS = {
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "GNU Lesser General Public License v2 or later (LGPLv2+)": "LGPL-2.1-or-later",
}
STATED = {"colorama": "BSD-3-Clause", "tzdata": "Apache-2.0", "pyruhvro": "MIT"}
"""Not installed here (both are for Windows alone), or without a licence in its metadata; read where it is published."""

LOCKS = ("dev.txt", "run.txt", "sdk.txt", "build.txt")


def packages() -> set[str]:
    """Name what the lock files of the project itself hold; the others are tools in environments of their own."""
    texts = [(ROOT / "requirements" / name).read_text(encoding="utf-8") for name in LOCKS]
    return {name for text in texts for name in LOCKED.findall(text)}


def licence(package: str) -> str:
    """Give the licence of a package as an SPDX expression; empty where it says none."""
    if package in STATED:
        return STATED[package]
    try:
        told = metadata(package)
    except PackageNotFoundError:
        return ""
    if "License-Expression" in told:
        return told["License-Expression"]
    named = [
        one.rpartition(" :: ")[2]
        for one in told.get_all("Classifier", [])
        if one.startswith("License :: ") and one != "License :: OSI Approved"
    ]
    if named:
        return " AND ".join(CLASSIFIERS.get(one, one) for one in named)
    text = told["License"].strip() if "License" in told else ""
    return "MIT" if text.startswith("MIT License") else text


def may_be_used(package: str, expression: str) -> bool:
    """Whether all that an expression asks at once is allowed, or is known of this package."""
    known = {"MPL-2.0"} if package in FILE_BY_FILE else set()
    known |= {"LGPL-2.1-or-later", "LGPL-3.0-only"} if package in REPLACEABLE else set()
    return all(
        any(choice in ALLOWED | known for choice in part.split(" OR "))
        for part in expression.split(" AND ")
    )


@pytest.mark.parametrize("package", sorted(packages()))
def test_every_locked_package_has_a_licence_that_may_be_used(package: str) -> None:
    assert may_be_used(package, licence(package)), licence(package) or "none is stated"


@pytest.mark.parametrize(
    ("package", "expression", "is_usable"),
    [
        ("new", "GPL-3.0-only", False),
        ("new", "MIT AND GPL-3.0-only", False),
        ("new", "MIT OR GPL-3.0-only", True),
        ("new", "MPL-2.0", False),
        ("new", "LGPL-3.0-only", False),
        ("psycopg", "LGPL-3.0-only", True),
        ("psycopg", "AGPL-3.0-only", False),
        ("new", "", False),
    ],
)
def test_what_nobody_looked_at_is_not_allowed(
    package: str, expression: str, *, is_usable: bool
) -> None:
    assert may_be_used(package, expression) == is_usable


def test_what_is_excepted_is_locked() -> None:
    assert packages() >= FILE_BY_FILE | REPLACEABLE | set(STATED)
