"""Runs one peer over values: `python -m bench.peer_reducers NAME`, in the environment of requirements/peers.txt.

Reads one JSON string a line until the end, then writes one JSON object a line: first `{"us": …, "failed": …}` (mean
microseconds of processor time for a value, without loading and the first value; values at which the peer raised), then
`{"out": …}` for each value. Nothing of the project is imported here, and no peer in the project's own process.
"""

import contextlib
import json
import logging
import sys
import time
import warnings
from collections.abc import Callable, Mapping
from typing import Final

from bench.beside import agents, texts, values
from bench.beside.peer import Out, Peer

PEERS: Final[Mapping[str, Callable[[], Peer]]] = {
    "ua-parser": agents.ua_parser,
    "user-agents": agents.user_agents,
    "device-detector": agents.device_detector,
    "woothee": agents.woothee,
    "httpagentparser": agents.httpagentparser,
    "crawlerdetect": agents.crawlerdetect,
    "crawler-user-agents": agents.crawler_user_agents,
    "presidio": texts.presidio,
    "scrubadub": texts.scrubadub,
    "datafog": texts.datafog,
    "commonregex": texts.commonregex,
    "regex list": texts.regex_list,
    "detect-secrets": texts.detect_secrets,
    "phonenumbers": texts.phonenumbers,
    "python-stdnum": texts.stdnum,
    "octets": values.octets,
    "anonip": values.anonip,
    "ipaddress": values.ipaddress,
    "werkzeug": values.werkzeug,
    "langcodes": values.langcodes,
    "w3lib": values.w3lib,
    "url-normalize": values.url_normalize,
    "yarl path": values.yarl,
    "path alone": values.path_alone,
    "query masked": values.query_masked,
    "referer-parser": values.referer_parser,
    "tldextract": values.tldextract,
}
"""How each is made ready, by the name on the page."""


def main(name: str) -> None:
    """Answer for every value on standard input."""
    given: list[str] = [json.loads(line) for line in sys.stdin]
    logging.disable()
    warnings.simplefilter("ignore")
    with contextlib.redirect_stdout(sys.stderr):
        peer = PEERS[name]()
        _out(peer, given[0])
        begun = time.process_time()
        found = [_out(peer, value) for value in given]
        taken = time.process_time() - begun
    failed = sum(isinstance(out, Exception) for out in found)
    print(json.dumps({"us": 1e6 * taken / len(given), "failed": failed}))
    for out in found:
        print(json.dumps({"out": None if isinstance(out, Exception) else out}))


def _out(peer: Peer, value: str) -> Out | Exception:
    try:
        return peer(value)
    except Exception as error:  # noqa: BLE001  # a peer's failure is a figure of its own
        return error


if __name__ == "__main__":
    main(sys.argv[1])
