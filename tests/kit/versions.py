"""Two versions of the shipped policy: the newer one collects a language, which the older one refuses."""

from pathlib import Path

import yaml

from kit.reference import World
from remit_schemas.policy import policy_path

OLDER, NEWER = "2026-01-01", "2026-02-01"
REPORTING, IMPROVE = "analytics.reporting", "functional.service.improve"
WORLD = World(
    versions=(OLDER, NEWER),
    purposes=(REPORTING, IMPROVE),
    never=frozenset({REPORTING}),
    adult_from=14,
    grounds=frozenset({"guardian_consent", "legal_permission", "protection"}),
)
"""What both say, for the reference that knows nothing of the product."""


def two_versions(folder: Path) -> None:
    """Write both into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    text = policy_path("salesmartly/2021-11-01").read_text("utf-8")
    text = text.replace('["2021-11-01"]', f'["{OLDER}", "{NEWER}"]')
    for version in (OLDER, NEWER):
        data = yaml.safe_load(text.replace("version: 2021-11-01", f'version: "{version}"', 1))
        data["updated_on"], data["effective_on"] = version, "2021-03-09"
        if version == OLDER:
            _refuse_language(data)
        path = folder / f"{version}.yaml"
        path.write_text(
            yaml.dump(data, Dumper=_Plain, sort_keys=False, allow_unicode=True), "utf-8"
        )


def _refuse_language(data: dict[str, list[dict[str, object]]]) -> None:
    """What the older version does not collect."""
    for number, rule in enumerate(data["rules"]):
        if (rule["event"], rule.get("category")) == ("page_view", "user.demographic.language"):
            data["rules"][number] = {
                "event": "page_view",
                "category": rule["category"],
                "refuse": True,
                "clause": rule["clause"],
                "reason": "Not collected yet.",
            }
    for floor in data["floors"]:
        floor["columns"] = [one for one in floor["columns"] if one != "language"]  # type: ignore[attr-defined]


class _Plain(yaml.SafeDumper):
    """YAML without aliases."""

    def ignore_aliases(self, data: object) -> bool:
        """Write everything out."""
        del data
        return True
