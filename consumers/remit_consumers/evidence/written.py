"""A report as a page: HTML that needs nothing else, or PDF; the figures are those of `remit report --json`."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any, Final
from xml.sax.saxutils import escape

from jinja2 import Environment, FileSystemLoader, Template
from reportlab.graphics.shapes import Drawing, Rect
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4, landscape
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from remit_consumers.evidence.anchor import Stand
from remit_consumers.evidence.sections import Section, days, figure, sections

TITLE: Final = "What was collected, and what became of it"

CHINESE: Final = "STSong-Light"
"""A font that every reader of PDF brings along (Adobe-GB1): Latin and Chinese, and nothing to embed."""

PALETTE: Final = ("#2f6f8f", "#d98e32", "#b0473f", "#7a5ea8", "#7b8494")
LINE: Final = colors.HexColor("#d9dee7")
SOFT: Final = colors.HexColor("#f5f7fa")
MARGIN: Final = 16 * mm
BAR: Final = 50 * mm


@dataclass(frozen=True, slots=True)
class About:
    """What a report says of itself.

    Attributes:
        made_at: When it was made, aware UTC.
        policy: Name and version of the policy in force.
        stands: Where each chain of receipts ends.
    """

    made_at: datetime
    policy: str
    stands: Mapping[str, Stand]

    @property
    def sentence(self) -> str:
        """Who made it, when and from what."""
        commits = sum(one.commits for one in self.stands.values())
        return (
            f"Policy {self.policy}. Made by remit at {self.made_at:%Y-%m-%d %H:%M} UTC"
            f" from {commits:,} receipts; every figure is in `remit report --json`, too."
        )

    def proof(self) -> Iterator[str]:
        """Where each chain ends, so that others can hold the figures against it."""
        for name, one in self.stands.items():
            yield f"{name}: {one.commits:,} receipts, head {one.head}"


def html(facts: Mapping[str, Any], about: About) -> str:
    """Write a report as one HTML file: no script, nothing from elsewhere, light and dark, for paper too.

    Args:
        facts: As `Report.to_dict` gives them; a clause may have its `text`.
        about: What it says of itself.
    """
    return _template().render(
        title=TITLE,
        days=days(facts),
        about=about.sentence,
        sections=sections(facts),
        proof=list(about.proof()),
        figure=figure,
    )


@cache
def _template() -> Template:
    """The template; whatever is put into it is escaped."""
    folder = FileSystemLoader(Path(__file__).parent)
    words = Environment(loader=folder, autoescape=True)
    return words.get_template("report.html.jinja")


def pdf(facts: Mapping[str, Any], about: About) -> bytes:
    """Write a report as PDF: text that can be searched and copied, an outline of its headings, numbered pages.

    Arguments as in `html`.
    """
    pdfmetrics.registerFont(UnicodeCIDFont(CHINESE))
    whole = BytesIO()
    document = SimpleDocTemplate(
        whole,
        pagesize=landscape(A4),
        title=f"{TITLE}: {days(facts)}",
        author="remit",
        leftMargin=MARGIN,
        rightMargin=MARGIN,
        topMargin=MARGIN,
        bottomMargin=MARGIN,
        invariant=1,
    )
    document.build(list(_flow(facts, about, document.width)), canvasmaker=_Numbered)
    return whole.getvalue()


def _flow(facts: Mapping[str, Any], about: About, width: float) -> Iterator[Any]:
    """Everything that stands on the pages, in its order."""
    yield _Heading(TITLE, _style(18, 24), 0)
    yield Paragraph(escape(days(facts)), _style(11, 16))
    yield Paragraph(escape(about.sentence), _style(9, 13))
    found = sections(facts)
    for section in found:
        yield _Heading(section.title, _style(13, 20, before=12), 1)
        yield Paragraph(escape(section.note), _style(9, 14))
        yield _table(section, width)
    if not found:
        yield Paragraph("Nothing was stored in these days.", _style(11, 16))
    yield Spacer(1, 8 * mm)
    for line in about.proof():
        yield Paragraph(escape(line), _style(7, 10))


def _table(section: Section, width: float) -> Table:
    """The table of a section, with its bars."""
    cell, number = _style(8, 10), _style(8, 10, is_number=True)
    head = [section.first or "what", *(name.replace("_", " ") for name in section.columns)]
    rows: list[list[Any]] = [[Paragraph(escape(head[0]), cell), *_all(head[1:], number)]]
    for name, row in section.rows.items():
        text = row.get("text")
        said = f"{name}: {text}" if text else name
        figures = [figure(row, column) for column in section.columns]
        rows.append([Paragraph(escape(said), cell), *_all(figures, number)])
        if section.parts:
            rows[-1].append(_bar(section, name))
    if section.parts:
        rows[0].append(Paragraph(escape(" | ".join(section.parts)), cell))
    bar = [BAR] if section.parts else []
    figures_width = 20 * mm * len(section.columns)
    table = Table(
        rows,
        colWidths=[width - figures_width - sum(bar), *[20 * mm] * len(section.columns), *bar],
        repeatRows=1,
    )
    lines = ("LINEBELOW", (0, 0), (-1, -1), 0.5, LINE)
    table.setStyle(TableStyle([lines, ("BACKGROUND", (0, 0), (-1, 0), SOFT), ("VALIGN", (0, 0), (-1, -1), "TOP")]))  # fmt: skip
    return table


def _bar(section: Section, name: str) -> Drawing:
    """The bar of a row."""
    length = BAR - 4 * mm
    drawing, at = Drawing(length, 3 * mm), 0.0
    for (_, share), color in zip(section.shares(name), PALETTE, strict=False):
        part = share * length / 100
        drawing.add(Rect(at, 0, part, 3 * mm, fillColor=colors.HexColor(color), strokeWidth=0))
        at += part
    return drawing


def _all(texts: Sequence[str], style: ParagraphStyle) -> list[Paragraph]:
    return [Paragraph(escape(text), style) for text in texts]


def _style(size: int, leading: int, *, before: int = 0, is_number: bool = False) -> ParagraphStyle:
    """How a text is set; Chinese breaks between any two signs."""
    return ParagraphStyle(
        "remit",
        fontName=CHINESE,
        fontSize=size,
        leading=leading,
        spaceBefore=before,
        alignment=2 if is_number else 0,
        wordWrap="CJK",
    )


class _Heading(Paragraph):  # type: ignore[misc]  # reportlab has no types
    """A heading that stands in the outline of the document."""

    def __init__(self, text: str, style: ParagraphStyle, level: int) -> None:
        super().__init__(escape(text), style)
        self._text, self._level = text, level
        self.keepWithNext = 1

    def draw(self) -> None:
        """Set it, and note where it stands."""
        key = f"h-{self._text}"
        self.canv.bookmarkPage(key)
        self.canv.addOutlineEntry(self._text, key, self._level, closed=False)
        super().draw()


class _Numbered(Canvas):  # type: ignore[misc]  # as above
    """Pages that say which of how many they are."""

    def __init__(self, *given: Any, **named: Any) -> None:  # noqa: ANN401 - as reportlab calls it
        super().__init__(*given, **named)
        self._pages: list[dict[str, Any]] = []

    def showPage(self) -> None:  # noqa: N802 - reportlab's name
        """Keep a page until it is known how many there are."""
        self._pages.append(dict(self.__dict__))
        self._startPage()

    def save(self) -> None:
        """Number the pages, and write them."""
        for number, page in enumerate(self._pages, 1):
            self.__dict__.update(page)
            self.setFont(CHINESE, 8)
            said = f"{number} / {len(self._pages)}"
            self.drawRightString(self._pagesize[0] - MARGIN, MARGIN / 2, said)
            Canvas.showPage(self)
        super().save()
