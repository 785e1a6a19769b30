"""The network of an IP address, without the host."""

from collections.abc import Mapping

import pyarrow as pa

from remit_consumers.reducers.address import networks, rule_of
from remit_schemas.reducer import Scalar


def reduce(values: pa.Array, parameters: Mapping[str, Scalar]) -> tuple[pa.Array, ...]:
    """Keep the network of each address; what is no address becomes null.

    Source: policy 2021-11-01, clause S025 (automatic records).
    """
    return (networks(values, parameters),)


def explain(value: str, parameters: Mapping[str, Scalar]) -> str:
    """Name the rule that holds for one value."""
    return rule_of(value, parameters)
