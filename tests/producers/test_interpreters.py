"""The SDK on other versions of Python: emit, threads, forks, children and a kill, read back with the project's own."""

import signal
from subprocess import CalledProcessError

import pytest

from kit.answered import Answers, lines
from kit.interpreters import VERSIONS, find, prepared, sources
from kit.parts import RealParts
from kit.watching import until
from remit.leftovers import adopt_dead

SCENARIO = """
import multiprocessing, warnings
warnings.simplefilter("ignore", DeprecationWarning)  # from 3.12 on: a fork with threads, which is what is tested
def work(who):
    for n in range(20): emit(f"/{who}/{n}")
def main():
    work("main")
    threads = [threading.Thread(target=work, args=(f"thread-{n}",)) for n in range(2)]
    for thread in threads: thread.start()
    forked = os.fork()
    if not forked:
        work("forked")
        os._exit(0)
    assert os.waitpid(forked, 0)[1] == 0
    for thread in threads: thread.join()
    for method in (None, "fork", "spawn", "forkserver"):
        child = multiprocessing.get_context(method).Process(target=work, args=(str(method),))
        child.start()
        child.join()
        assert child.exitcode == 0
    if sys.argv[3] == "kill":
        print("ready", flush=True)
        while True: emit("/again")
if __name__ == "__main__":
    main()
"""
EVENTS = 20 * (1 + 2 + 1 + 4)


@pytest.mark.slow
@pytest.mark.parametrize("version", VERSIONS)
def test_on_another_python_each_accepted_event_is_there_once(
    answers: Answers, real_parts: RealParts, version: str
) -> None:
    name = f"Python {version}"
    base = find(version)
    if base is None:
        real_parts.not_here(name, "neither on the path nor among pyenv's versions")
        pytest.skip(f"no {name} here")
    try:
        python = prepared(version, base)
    except CalledProcessError:
        real_parts.not_ran(name, "what the SDK needs cannot be installed for it")
        pytest.skip(f"nothing to install for {name}")
    real_parts.ran(name, "the SDK's requirements alone")
    ended = answers.start(SCENARIO, "end", python=python, env=sources())
    _, problems = ended.communicate(timeout=300)
    assert (ended.returncode, problems) == (0, "")
    killed = answers.start(SCENARIO, "kill", python=python, env=sources())
    assert killed.stdout is not None
    assert killed.stdout.readline() == "ready\n"
    until(lambda: lines(answers.path) > 2 * EVENTS, "it does not go on")
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    adopt_dead(answers.home.data / "spool")
    stored, answered = answers.stored(), answers.pages
    assert answered.total() > 2 * EVENTS
    assert not answered - stored
    assert sum((stored - answered).values()) <= 1
