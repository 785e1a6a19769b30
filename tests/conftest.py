"""What every test can ask for: real parts, the strength of this run; and the list of real parts at its end."""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from kit import chromium as chromium_part
from kit import postgres as postgres_part
from kit import prometheus as prometheus_part
from kit.chromium import Chromium, Visit, Visitor
from kit.jars import KAFKA_VERSION, Missing
from kit.kafka import Kafka, describe
from kit.parts import PARTS, RealParts
from kit.postgres import Postgres

PROVE = os.environ.get("REMIT_PROVE", "") not in ("", "0")
STRICT = (
    PROVE or os.environ.get("CI", "") == "true"
)  # where a real part that is missing is a failure

# No deadline: the machine is shared, and a slow example is no wrong one.
_QUIET = (HealthCheck.too_slow, HealthCheck.function_scoped_fixture)
settings.register_profile(
    "test", max_examples=50, derandomize=True, deadline=None, suppress_health_check=_QUIET
)
settings.register_profile("prove", max_examples=2000, deadline=None, suppress_health_check=_QUIET)
settings.load_profile("prove" if PROVE else "test")


@pytest.fixture(scope="session")
def prove() -> bool:
    """Whether each proof runs in full (`make prove`, REMIT_PROVE=1) or in its short, seeded form."""
    return PROVE


@pytest.fixture(scope="session")
def real_parts(pytestconfig: pytest.Config) -> RealParts:
    """The list of real parts that the last lines of this run print."""
    return pytestconfig.stash[PARTS]


@pytest.fixture(scope="session")
def kafka(real_parts: RealParts) -> Iterator[Kafka]:
    """A real Apache Kafka broker, one for the whole run; whoever stops it asks for `kafka_to_stop` instead."""
    with ExitStack() as stack:
        try:
            broker = stack.enter_context(Kafka())
        except Missing as missing:
            real_parts.not_ran(f"Apache Kafka {KAFKA_VERSION}", str(missing))
            pytest.skip(f"Apache Kafka: {missing}")
        real_parts.ran(*describe(broker))
        yield broker


@pytest.fixture(scope="session")
def kafka_secure(real_parts: RealParts) -> Iterator[Kafka]:
    """A broker with TLS, users and ACLs beside the plain listener of the tests; always one that the tests start."""
    with ExitStack() as stack:
        try:
            broker = stack.enter_context(Kafka(external="", is_secure=True))
        except Missing as missing:
            real_parts.not_ran(f"Apache Kafka {KAFKA_VERSION} with TLS and ACLs", str(missing))
            pytest.skip(f"Apache Kafka: {missing}")
        name, how = describe(broker)
        real_parts.ran(f"{name} with TLS and ACLs", how)
        yield broker


@pytest.fixture(scope="session")
def postgres(real_parts: RealParts) -> Iterator[Postgres]:
    """A real PostgreSQL server, one for the whole run."""
    programs = postgres_part.find()
    if programs is None and not os.environ.get("REMIT_TEST_POSTGRES"):
        real_parts.not_ran(postgres_part.NAME, postgres_part.WHY_NOT)
        pytest.skip(f"{postgres_part.NAME}: {postgres_part.WHY_NOT}")
    with Postgres(programs) as server:
        real_parts.ran(server.version)
        yield server


@pytest.fixture(scope="session")
def prometheus(real_parts: RealParts) -> None:
    """Prometheus and its promtool, by their command names."""
    if not prometheus_part.is_here():
        real_parts.not_ran(prometheus_part.NAME, prometheus_part.WHY_NOT)
        pytest.skip(f"{prometheus_part.NAME}: {prometheus_part.WHY_NOT}")
    real_parts.ran(f"{prometheus_part.NAME} {prometheus_part.version()}", "with its promtool")


@pytest.fixture(scope="module")
def chromium(real_parts: RealParts) -> Iterator[Chromium]:
    """A real Chromium; `visit` opens browsers with it.

    One driver for a module and no longer: while it lives, its loop runs in this thread, and no other test could run one.
    """
    executable = chromium_part.find()
    if executable is None:
        real_parts.not_ran(chromium_part.NAME, chromium_part.WHY_NOT)
        pytest.skip(f"{chromium_part.NAME}: {chromium_part.WHY_NOT}")
    with chromium_part.start(executable) as started:
        real_parts.ran(f"{chromium_part.NAME} {started.version}", "by Playwright")
        yield started


@pytest.fixture
def visit(chromium: Chromium, tmp_path: Path) -> Iterator[Visit]:
    """Start a browser with a profile of its own; it ends with the test, and no script of a page may have failed in it."""
    visitors: list[Visitor] = []
    with ExitStack() as stack:

        def start(**how: Any) -> Visitor:  # noqa: ANN401  # what Playwright takes
            profile = tmp_path / f"profile-{len(visitors)}"
            visitor = stack.enter_context(chromium.visitor(profile, **how))
            visitors.append(visitor)
            return visitor

        yield start
    assert [problem for visitor in visitors for problem in visitor.problems] == []


@pytest.fixture
def kafka_to_stop(kafka: Kafka, real_parts: RealParts) -> Iterator[Kafka]:
    """The same broker, for a test that stops or kills it: up when the test begins, and up again after it."""
    if not kafka.is_ours:
        why = "REMIT_TEST_KAFKA names a broker that tests cannot stop"
        real_parts.not_ran("Apache Kafka, stopped and started again", why)
        pytest.skip(why)
    yield kafka
    kafka.start()


def pytest_configure(config: pytest.Config) -> None:
    """Begin the list of real parts."""
    config.stash[PARTS] = RealParts()


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Fail a run for continuous integration, or a proof, in which a real part was missing."""
    output = getattr(session.config, "workeroutput", None)
    if output is not None:  # one process of several: the first one tells
        parts = session.config.stash[PARTS]
        output["parts"] = parts.lines, sorted(parts.missing)
    elif session.config.stash[PARTS].missing and STRICT and exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:  # noqa: ANN401  # xdist ships no types
    """Take in what a process of several noted."""
    if "parts" in getattr(node, "workeroutput", {}):
        node.config.stash[PARTS].add(*node.workeroutput["parts"])


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """Print, as the very last lines, which real parts ran."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None or config.option.collectonly:
        return
    parts = config.stash[PARTS]
    reporter.write_line("real parts:")
    for line in parts.lines.values() or ["none: no test that was chosen asks for one"]:
        reporter.write_line(f"  {line}")
    if parts.missing and STRICT:
        reporter.write_line("  this run fails for it (CI=true or REMIT_PROVE=1)")
