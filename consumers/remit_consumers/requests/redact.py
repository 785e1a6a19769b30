"""Redact: texts that people wrote, looked through once more before somebody gets them.

They were scrubbed when they were stored. The detector of `remit verify` shares no rule with the scrubber, so what it
still finds in a text is withheld with that text. It finds contacts, numbers and secrets; a bare name it does not.

Source: policy 2021-11-01, clause S104d.
"""

from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from remit_consumers.proof.residue.detector import Detector

OTHERS: Final = "[about somebody else]"
"""What stands in place of what is about others."""


def redacted(texts: pa.Array) -> pa.Array:
    """Withhold texts that may tell of others; null stays null."""
    distinct = pc.unique(texts.cast(pa.string())).drop_null()
    found = Detector().each(distinct.to_pylist())
    suspect = distinct.filter(pa.array([bool(one) for one in found], pa.bool_()))
    is_suspect = pc.is_in(texts.cast(pa.string()), suspect)
    return pc.if_else(is_suspect, pa.scalar(OTHERS), texts.cast(pa.string()))
