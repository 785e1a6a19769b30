"""A contract that gains a field: its table gains the column, once the policy has decided on it, and not before."""

import json
from pathlib import Path

import pytest
from deltalake import DeltaTable

from kit.contracts import Json, make_field_json, make_record, write_contract
from kit.installation import Installation, each_once
from kit.own_policy import own

CATEGORY = "user.telemetry"
FIRST, SECOND = "2026-01-01", "2026-02-01"
CARRIER = make_field_json("carrier", privacy={"category": CATEGORY})
WEIGHT = make_field_json("weight", "int", privacy={"category": CATEGORY})
RULE = """\
  - event: probe
    {what}
    {decision}
    purposes: [essential.service]
    keep_for: 30 days
    clause: S003
    reason: needed
"""
BY_DAY = RULE.format(
    what="category: user.telemetry.x_access_time",
    decision="reduce: {timestamp: {precision: day}}",
)


def kept(field: str) -> str:
    """A rule that keeps a field as it is."""
    return RULE.format(what=f"field: {field}", decision="keep: true")


class Growing:
    """An installation with a contract of its own, which grows.

    Attributes:
        shop: The installation.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        first = self._policy(FIRST, BY_DAY + kept("weight"))
        self.shop = Installation(folder, REMIT_POLICY=str(first))
        write_contract(folder / "contracts", make_record(WEIGHT))

    def gain(self, *, rules: str) -> None:
        """Have the contract gain its field, the version before in the archive, and a policy version with these rules."""
        write_contract(self._folder / "contracts" / "archive", make_record(WEIGHT), "probe-1")
        write_contract(self._folder / "contracts", make_record(WEIGHT, CARRIER))
        self.shop.env["REMIT_POLICY"] = str(self._policy(SECOND, rules))

    def emit(self, *events: Json, wait: bool = True) -> None:
        """Emit events through the command."""
        lines = "".join(f"{json.dumps({'subject': 'u1', **event})}\n" for event in events)
        self.shop.remit("emit", "probe", *(["--wait"] if wait else []), stdin=lines)

    def stored(self, *columns: str) -> list[tuple[object, ...]]:
        """Columns of the rows, the lightest first."""
        rows = self.shop.rows("probe").sort_by("weight")
        return list(zip(*(rows[name].to_pylist() for name in columns), strict=True))

    def _policy(self, version: str, rules: str) -> Path:
        path = own(self._folder, "ip: {v4_bits: 24}", version)
        path.write_text(
            path.read_text().replace("updated_on: 2026-01-01", f"updated_on: {version}")
        )
        path.write_text(path.read_text() + rules)
        return path


@pytest.fixture
def growing(tmp_path: Path) -> Growing:
    return Growing(tmp_path)


def test_rows_before_are_null_rows_after_are_filled_and_every_proof_holds(growing: Growing) -> None:
    shop = growing.shop
    growing.emit({"weight": 1}, {"weight": 2})
    growing.emit({"weight": 3}, wait=False)  # sealed by the version before, and read by the next
    growing.gain(rules=BY_DAY + kept("weight") + kept("carrier"))
    growing.emit({"weight": 4, "carrier": "post"}, {"weight": 5})
    assert growing.stored("weight", "carrier") == [
        (1, None),
        (2, None),
        (3, None),
        (4, "post"),
        (5, None),
    ]
    assert each_once(shop.rows("probe"))
    told = shop.contract("probe")
    assert (told["offered"], told["stored"], told["in_flight"]) == (5, 5, 0)
    assert shop.breaches() == {}
    sql = "SELECT count(*) AS rows, count(carrier) AS carriers FROM probe"
    shop.remit("views", "build")
    asked = shop.facts("query", sql, "--purpose", "essential.service")["rows"]
    assert asked == [{"rows": 5, "carriers": 1}]


def test_the_new_column_says_its_category_and_the_new_rows_their_tags(growing: Growing) -> None:
    growing.emit({"weight": 1})
    growing.gain(rules=BY_DAY + kept("weight") + kept("carrier"))
    growing.emit({"weight": 2, "carrier": "post"})
    column = growing.shop.rows("probe").schema.field("carrier")
    assert column.metadata[b"remit.category"] == CATEGORY.encode()
    listed = DeltaTable(growing.shop.data / "lake" / "tagsets").to_pyarrow_table().to_pylist()
    catalogue = {one["tagset"]: json.loads(one["fields"]) for one in listed}
    before, after = (catalogue[str(tagset)] for (tagset,) in growing.stored("tagset"))
    assert "carrier" not in before
    assert after["carrier"]["category"] == CATEGORY
    assert after["carrier"]["clause"] == "S003"


def test_until_the_policy_names_it_nothing_of_the_new_field_is_stored(growing: Growing) -> None:
    growing.emit({"weight": 1})
    growing.gain(rules=BY_DAY + kept("weight"))
    checked = growing.shop.remit("policy", "check", expect=1)
    assert "carrier" in checked.stdout + checked.stderr
    growing.emit({"weight": 2, "carrier": "residue-of-post"})
    assert "carrier" not in growing.shop.rows("probe").column_names
    assert growing.stored("weight") == [(1,), (2,)]
    fields = growing.shop.facts("policy", "explain", "probe")["fields"]
    assert isinstance(fields, dict)
    assert fields["carrier"]["decision"] == "refuse"
    assert growing.shop.breaches() == {}


def test_a_field_without_a_category_does_not_even_load(growing: Growing) -> None:
    growing.emit({"weight": 1})
    bare: Json = {"name": "carrier", "type": ["null", "string"], "default": None}
    contracts = Path(growing.shop.env["REMIT_POLICY"]).parent / "contracts"
    write_contract(contracts, make_record(WEIGHT, bare))
    said = growing.shop.remit("emit", "probe", stdin='{"weight": 2}\n', expect=2).stderr
    assert "carrier" in said
    assert growing.stored("weight") == [(1,)]
