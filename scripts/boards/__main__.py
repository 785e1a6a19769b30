"""Write the Grafana boards: `make boards`, or `python scripts/boards FOLDER`."""

import json
import sys
from itertools import count
from pathlib import Path
from typing import Final

from grafana_foundation_sdk.builders import bargauge, prometheus, stat, timeseries
from grafana_foundation_sdk.builders import common as common_builders
from grafana_foundation_sdk.builders.dashboard import (
    Dashboard,
    DatasourceVariable,
    Row,
    ThresholdsConfig,
)
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.common import (
    BigValueColorMode,
    BigValueGraphMode,
    LegendDisplayMode,
    LegendPlacement,
    StackingMode,
    VizOrientation,
)
from grafana_foundation_sdk.models.dashboard import DataSourceRef, Threshold, ThresholdsMode

from collected import COLLECTED
from panels import Board, Kind, Panel
from people import PEOPLE
from running import RUNNING

FOLDER: Final = Path(__file__).parents[2] / "consumers" / "monitoring" / "grafana"
SOURCE: Final = DataSourceRef("prometheus", "${datasource}")
WIDTH: Final = 24  # columns of a board

BOARDS: Final = (COLLECTED, PEOPLE, RUNNING)

Builder = stat.Panel | timeseries.Panel | bargauge.Panel


def main(folder: Path) -> None:
    """Write every board into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for board in BOARDS:
        form = json.dumps(_dashboard(board).build(), cls=JSONEncoder, indent=2, sort_keys=True)
        (folder / f"{board.uid}.json").write_text(f"{form}\n", encoding="utf-8")


def _dashboard(board: Board) -> Dashboard:
    """Build one."""
    built = (
        Dashboard(board.title)
        .uid(board.uid)
        .description(board.text)
        .tags(["remit"])
        .time("now-6h", "now")
        .timezone("utc")
        .refresh("30s")
        .readonly()
        .with_variable(DatasourceVariable("datasource").label("Prometheus").type("prometheus"))
    )
    numbers = count(1)
    for heading, panels in board.rows:
        built = built.with_row(Row(heading).id(next(numbers)))
        small = sum(panel.kind in {"zero", "figure"} for panel in panels)
        for panel in panels:
            built = built.with_panel(_panel(panel, small).id(next(numbers)))
    return built


def _panel(panel: Panel, small: int) -> Builder:
    """Build one: small figures share a line of the board, graphs take half of one.

    Args:
        panel: What is to be seen.
        small: How many small figures stand in its row.
    """
    is_small = panel.kind in {"zero", "figure"}
    built = (
        _looks(panel.kind)
        .title(panel.title)
        .description(panel.text)
        .datasource(SOURCE)
        .unit(panel.unit)
        .span(WIDTH // min(small, 6) if is_small else WIDTH // 2)
        .height(4 if is_small else 8)
    )
    for number, (expression, legend) in enumerate(panel.shows):
        query = prometheus.Dataquery().expr(expression).legend_format(legend)
        query = query.ref_id(chr(ord("A") + number)).datasource(SOURCE)
        built = built.with_target(query if panel.kind in {"lines", "stack"} else query.instant())
    return built


def _looks(kind: Kind) -> Builder:
    """A panel as it looks."""
    if kind == "bars":
        bars = bargauge.Panel().orientation(VizOrientation.HORIZONTAL).min(0)
        return bars.reduce_options(_last()).thresholds(_steps())
    if kind in {"zero", "figure"}:
        return (
            stat.Panel()
            .graph_mode(BigValueGraphMode.NONE)
            .color_mode(BigValueColorMode.VALUE)
            .reduce_options(_last())
            .thresholds(_steps(is_zero=kind == "zero"))
        )
    legend = (
        common_builders.VizLegendOptions()
        .display_mode(LegendDisplayMode.TABLE)
        .placement(LegendPlacement.BOTTOM)
        .show_legend(show_legend=True)
        .calcs(["lastNotNull", "max"])
    )
    lines = timeseries.Panel().legend(legend).line_width(1).min(0)
    if kind == "lines":
        return lines
    stacked = common_builders.StackingConfig().mode(StackingMode.NORMAL)
    return lines.stacking(stacked).fill_opacity(40)


def _steps(*, is_zero: bool = False) -> ThresholdsConfig:
    """Green at 0 and red above, or one quiet colour."""
    over = [Threshold(0.001, "red")] if is_zero else []
    steps = [Threshold(None, "green" if is_zero else "blue"), *over]
    return ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(steps)


def _last() -> common_builders.ReduceDataOptions:
    """The newest value."""
    return common_builders.ReduceDataOptions().calcs(["lastNotNull"])


if __name__ == "__main__":
    main(Path(sys.argv[1]) if sys.argv[1:] else FOLDER)
