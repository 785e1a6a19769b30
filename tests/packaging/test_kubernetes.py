"""The manifests of Kubernetes, rendered by kubectl and held against Kubernetes' own schemas and the project's rules.

No cluster runs here: what is shown is that they render, that each is valid, and what they grant.
"""

import json
import subprocess
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import yaml

from kit.apart import NotInstalled, python_of
from kit.parts import RealParts
from kit.tree import ROOT

BASE = ROOT / "deploy" / "kubernetes"
VERSIONS = ("1.30", "1.37")
"""The oldest and the newest Kubernetes that the manifests are held against."""

VALIDATE = """
import json, sys
import kubernetes_validate
for manifest in json.load(sys.stdin):
    for version in sys.argv[1:]:
        kubernetes_validate.validate(manifest, version, strict=True)
"""

TOO_OLD = 'unknown field "labels"'
"""What a kubectl says whose kustomize is older than 4.1, such as Debian 12's."""

Manifest = Mapping[str, Any]


@pytest.fixture(scope="module")
def manifests(real_parts: RealParts) -> list[Manifest]:
    try:
        done = subprocess.run(
            ["kubectl", "kustomize", str(BASE)],  # noqa: S607
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError:
        real_parts.not_ran("kustomize", "no kubectl: `make parts` installs it where it may")
        pytest.skip("no kubectl")
    if TOO_OLD in done.stderr:
        real_parts.not_ran("kustomize", "the kubectl here is older than kustomize 4.1")
        pytest.skip("an old kubectl")
    assert done.returncode == 0, done.stderr
    real_parts.ran("kustomize (in kubectl)", "deploy/kubernetes rendered; no cluster")
    return list(yaml.safe_load_all(done.stdout))


def pods(manifests: list[Manifest]) -> Iterator[tuple[str, Manifest]]:
    """The name and the pod's specification of each workload."""
    for one in manifests:
        spec = one.get("spec", {})
        spec = spec.get("jobTemplate", {}).get("spec", spec)
        if "template" in spec:
            yield one["metadata"]["name"], spec["template"]["spec"]


def mounts(container: Manifest) -> set[str]:
    return {mount["name"] for mount in container["volumeMounts"]}


def test_every_manifest_is_valid_in_the_oldest_and_the_newest_kubernetes(
    manifests: list[Manifest], real_parts: RealParts
) -> None:
    try:
        python = python_of("manifests")
    except NotInstalled as why:
        real_parts.not_here("schemas of Kubernetes", str(why))
        pytest.skip(str(why))
    done = subprocess.run(
        [python, "-c", VALIDATE, *VERSIONS],
        input=json.dumps(manifests),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    real_parts.ran(f"schemas of Kubernetes {' and '.join(VERSIONS)}")


def test_every_part_of_a_deployment_is_there(manifests: list[Manifest]) -> None:
    there = {(one["kind"], one["metadata"]["name"]) for one in manifests}
    assert there >= {
        ("StatefulSet", "consumer"),
        ("StatefulSet", "edge"),
        ("Deployment", "dashboard"),
        ("CronJob", "backup-lake"),
        ("CronJob", "backup-vault"),
        ("HorizontalPodAutoscaler", "edge"),
        ("PodDisruptionBudget", "consumer"),
        ("PodDisruptionBudget", "edge"),
        ("NetworkPolicy", "nothing"),
    }


def test_no_container_is_root_writes_its_own_files_or_goes_without_limits(
    manifests: list[Manifest],
) -> None:
    for name, pod in pods(manifests):
        assert pod["securityContext"]["runAsNonRoot"], name
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert pod["automountServiceAccountToken"] is False
        for container in pod["containers"]:
            rights = container["securityContext"]
            assert rights["readOnlyRootFilesystem"]
            assert rights["allowPrivilegeEscalation"] is False
            assert rights["capabilities"] == {"drop": ["ALL"]}
            assert container["resources"]["requests"].keys() == {"cpu", "memory"}
            assert "memory" in container["resources"]["limits"]


def test_whoever_listens_is_probed(manifests: list[Manifest]) -> None:
    listening = [c for _, pod in pods(manifests) for c in pod["containers"] if c.get("ports")]
    assert len(listening) == 3
    for container in listening:
        assert container.keys() >= {"startupProbe", "readinessProbe", "livenessProbe"}


def test_the_edge_has_no_key_and_no_vault(manifests: list[Manifest]) -> None:
    pod = dict(pods(manifests))["edge"]
    claims = {
        volume["persistentVolumeClaim"]["claimName"]
        for volume in pod["volumes"]
        if "persistentVolumeClaim" in volume
    }
    assert claims == {"bundle"}
    bundle = next(
        mount for mount in pod["containers"][0]["volumeMounts"] if mount["name"] == "bundle"
    )
    assert bundle["readOnly"]


def test_no_backup_lies_with_another_and_none_takes_the_keys(manifests: list[Manifest]) -> None:
    found = dict(pods(manifests))
    shelves = {
        name: {mount for mount in mounts(pod["containers"][0]) if mount.startswith("backup-")}
        for name, pod in found.items()
    }
    assert shelves["backup-lake"] == {"backup-lake"}
    assert shelves["backup-vault"] == {"backup-vault"}


def test_secrets_come_as_files_and_never_in_the_environment(manifests: list[Manifest]) -> None:
    assert "secretKeyRef" not in json.dumps(manifests)
    assert "secretRef" not in json.dumps(manifests)
    assert not [one for one in manifests if one["kind"] == "Secret"]
