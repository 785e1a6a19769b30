"""What reads the exports: fideslang in an environment of its own, and the words of DPV."""

import json
import subprocess
from pathlib import Path

from kit.apart import python_of

READ = """
import json, sys
from fideslang.default_taxonomy import DEFAULT_TAXONOMY
from fideslang.models import Taxonomy
read = Taxonomy.model_validate(json.load(sys.stdin))
categories = {one.fides_key for one in (*DEFAULT_TAXONOMY.data_category, *read.data_category)}
uses = {one.fides_key for one in DEFAULT_TAXONOMY.data_use}
subjects = {one.fides_key for one in (*DEFAULT_TAXONOMY.data_subject, *read.data_subject)}
declared = [one for system in read.system for one in system.privacy_declarations]
rules = [rule for policy in read.policy for rule in policy.rules]
fields = [field for one in read.dataset for table in one.collections for field in table.fields]
datasets = {one.fides_key for one in read.dataset}
unknown = {
    *(key for one in (*declared, *fields) for key in one.data_categories if key not in categories),
    *(one.data_use for one in declared if one.data_use not in uses),
    *(key for one in fields for key in one.data_uses if key not in uses),
    *(key for one in declared for key in one.data_subjects if key not in subjects),
    *(key for one in declared for key in one.dataset_references if key not in datasets),
    *(key for rule in rules for key in rule.data_categories.values if key not in categories),
    *(key for rule in rules for key in rule.data_uses.values if key not in uses),
    *(one.parent_key for one in read.data_category if one.parent_key not in categories),
}
print(json.dumps({"declarations": len(declared), "fields": len(fields), "unknown": sorted(unknown)}))
"""
"""Reads a taxonomy with fideslang's own models, and names the keys that neither it nor fideslang knows."""


def read_by_fideslang(text: str) -> dict[str, object]:
    """Read a taxonomy as fideslang does: how much it holds, and which keys nobody knows."""
    done = subprocess.run(
        [str(python_of("exchange")), "-c", READ],
        input=text,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    read: dict[str, object] = json.loads(done.stdout)
    return read


def dpv_words() -> frozenset[str]:
    """The words of DPV that an export may use: `dpv:Process`, `pd:IPAddress`."""
    lines = Path(__file__).with_name("dpv-2.3.txt").read_text("utf-8").splitlines()
    return frozenset(line for line in lines if line and not line.startswith("#"))
