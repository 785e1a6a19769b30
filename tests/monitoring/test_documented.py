"""The table of metrics in docs/monitoring.md is what programs really expose: names, kinds and labels."""

import re

from prometheus_client import Metric
from prometheus_client.metrics import MetricWrapperBase

from kit.tree import ROOT
from remit.edge.metrics import EdgeMetrics
from remit_consumers.metrics import Metrics

PAGE = ROOT / "docs" / "monitoring.md"
ROW = re.compile(r"^\| `(remit_\w+)` \| (\w+) \| ([\w, ]*?) ?\|", re.MULTILINE)

Told = dict[str, tuple[str, tuple[str, ...]]]
"""Kind and labels of each metric, by its name as Prometheus shows it."""


def documented() -> Told:
    """What the table says."""
    rows = ROW.findall(PAGE.read_text(encoding="utf-8"))
    assert len({name for name, _, _ in rows}) == len(rows)
    return {name: (kind, tuple(filter(None, labels.split(", ")))) for name, kind, labels in rows}


def exposed() -> Told:
    """What a consumer and an edge register."""
    metrics, edge = Metrics(), EdgeMetrics()
    wrapped = [*vars(metrics).values(), *vars(metrics.standing).values()]
    found = {
        one._name: (str(one._type), tuple(one._labelnames))  # noqa: SLF001 - said nowhere else
        for one in wrapped
        if isinstance(one, MetricWrapperBase)
    }
    edge.answered("events", 200)
    for family in (*metrics.disclosures.describe(), *edge.collect()):
        found[family.name] = (family.type, labels_of(family))
    return {f"{n}_total" if kind == "counter" else n: (kind, of) for n, (kind, of) in found.items()}


def labels_of(family: Metric) -> tuple[str, ...]:
    """The labels of a family that a collector made."""
    return tuple(getattr(family, "_labelnames", ()))


def test_the_table_of_metrics_is_what_programs_expose() -> None:
    assert documented() == exposed()
    registered = {family.name for family in Metrics().registry.collect()}
    assert {name.removesuffix("_total") for name in exposed()} >= registered
