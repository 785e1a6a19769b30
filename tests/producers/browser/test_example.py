"""The page that docs/browser.md shows does what it says."""

import re

from kit.chromium import Visit
from kit.recording_edge import ANALYTICS, IMPROVE, RecordingEdge
from kit.tree import ROOT

FENCED = re.compile(r"^```html\n(<!doctype html>.*?)^```", re.MULTILINE | re.DOTALL)


def test_the_banner_of_the_documentation_asks_once_and_says_what_was_answered(
    visit: Visit, record: RecordingEdge
) -> None:
    [record.page] = FENCED.findall((ROOT / "docs" / "browser.md").read_text("utf-8"))
    page = visit().open(f"{record.site}/first")
    page.click("text=Agree")
    record.wait_for(lambda r: r.said, "nothing was said")
    assert record.said[0]["given"] == [ANALYTICS, IMPROVE]
    page.goto(f"{record.site}/second")
    record.wait_for(lambda r: "/second" in r.pages, "no page view")
    assert not page.is_visible("text=Agree")
