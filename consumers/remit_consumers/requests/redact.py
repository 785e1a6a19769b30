"""Redact: texts that people wrote, looked through once more before somebody gets them.

They were scrubbed when they were stored. The detector of `remit verify` shares no rule with the scrubber, so what it
still finds in a text is withheld with that text. It finds contacts, numbers and secrets; `people` finds marks that somebody
else is spoken of. Measured on texts that no mark was made for, 15 of 15 with a mark and 9 of 15 with a name alone are
withheld, and 0 of 20 that speak of nobody (tests/consumers/requests/texts.yaml).

Source: policy 2021-11-01, clause S104d.
"""

from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from remit_consumers.proof.residue.detector import Detector
from remit_consumers.requests.people import tells_of_others

OTHERS: Final = "[about somebody else]"
"""What stands in place of what is about others."""


def redacted(texts: pa.Array) -> pa.Array:
    """Withhold texts that may tell of others; null stays null."""
    distinct = pc.unique(texts.cast(pa.string())).drop_null()
    texts_there: list[str] = distinct.to_pylist()
    found = Detector().each(texts_there)
    told = [
        bool(one) or tells_of_others(text) for one, text in zip(found, texts_there, strict=True)
    ]
    suspect = distinct.filter(pa.array(told, pa.bool_()))
    is_suspect = pc.is_in(texts.cast(pa.string()), suspect)
    return pc.if_else(is_suspect, pa.scalar(OTHERS), texts.cast(pa.string()))
