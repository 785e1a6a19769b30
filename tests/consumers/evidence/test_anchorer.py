"""A running consumer anchors once a day, and waits for nobody who takes long over it."""

import os
import time
from dataclasses import replace
from pathlib import Path

from kit.erasing import ErasingShop
from kit.watching import patience
from remit_consumers.deployment import Deployment
from remit_consumers.evidence.anchor import kept
from remit_consumers.evidence.anchorer import Anchorer
from remit_consumers.metrics import Metrics
from remit_consumers.settings import Anchoring


def shop_with(tmp_path: Path, anchoring: Anchoring) -> Deployment:
    """A shop with rows to anchor, and who is asked."""
    shop = ErasingShop(tmp_path)
    shop.store(shop.view())
    return replace(shop.deployment, settings=replace(shop.settings, anchoring=anchoring))


def test_a_consumer_anchors_what_is_there_and_says_how_old_that_is(tmp_path: Path) -> None:
    deployment, metrics = shop_with(tmp_path, Anchoring()), Metrics()
    anchorer = Anchorer(deployment, metrics)
    anchorer.tend()
    anchorer.tend()
    anchorer.stop()
    assert len(kept(deployment.settings.data)) == 1
    assert metrics.registry.get_sample_value("remit_anchor_age_seconds") is not None


def test_a_witness_that_hangs_holds_up_nothing(tmp_path: Path) -> None:
    witness = tmp_path / "witness"
    os.mkfifo(witness)  # whoever opens it waits for the other end
    deployment = shop_with(tmp_path, Anchoring(witness=witness))
    anchorer = Anchorer(deployment, Metrics())
    begun = time.monotonic()
    anchorer.tend()
    assert time.monotonic() - begun < patience()
    descriptor = os.open(witness, os.O_RDWR | os.O_NONBLOCK)
    os.close(descriptor)


def test_a_witness_that_cannot_be_written_is_a_fault_that_is_counted(tmp_path: Path) -> None:
    deployment, metrics = (
        shop_with(tmp_path, Anchoring(witness=tmp_path / "no" / "file")),
        Metrics(),
    )
    Anchorer(deployment, metrics).work()
    counted = metrics.registry.get_sample_value("remit_faults_total", {"kind": "anchor"})
    assert counted == 1
