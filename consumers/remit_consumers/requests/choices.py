"""Choices: for each purpose that waits for a consent, since when one subject agrees to it."""

from collections.abc import Mapping
from datetime import datetime

import pyarrow as pa

from remit_consumers.deployment import Deployment


def choices(deployment: Deployment, records: pa.Table) -> Mapping[str, datetime | None]:
    """Say for each optional purpose since when it is agreed to; None: it is not.

    Args:
        deployment: Where everything lies.
        records: What the ledger has of one subject (`Ledger.of`).
    """
    covering = deployment.plans().covering(deployment.policy.version)
    stands = deployment.ledger().stands(records, covering)
    return dict.fromkeys(deployment.policy.optional) | stands
