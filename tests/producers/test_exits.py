"""How a process can end: whatever was answered Accepted is in the spool once, and a clean end leaves no pack open."""

import signal

import pytest

from kit.answered import Answers
from remit.leftovers import adopt_dead

EMITS = "for n in range(50): emit(f'/main/{n}')\n"
THREAD = """
def run(who):
    for n in range(2000): emit(f'/{who}/{n}')
"""
CLEAN = {
    "returns": "",
    "sys.exit": "sys.exit(0)",
    "SIGTERM that exits": """
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
os.kill(os.getpid(), signal.SIGTERM)
signal.pause()
""",
    "SIGTERM that closes": """
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0 if client.close(30) else 1))
os.kill(os.getpid(), signal.SIGTERM)
signal.pause()
""",
    "sys.exit in a thread": """
thread = threading.Thread(target=lambda: (emit('/thread'), sys.exit(9)))
thread.start()
thread.join()
emit('/after')
""",
    "a thread goes on when main returns": THREAD
    + "threading.Thread(target=run, args=('thread',)).start()",
    "a daemon thread is cut off": THREAD
    + """
begun = threading.Event()
threading.Thread(target=lambda: [run('daemon'), begun.set(), run('more')], daemon=True).start()
begun.wait()
""",
    "emits at exit": "atexit.register(emit, '/at exit'.replace(' ', '-'))",
    "emits in a finalizer": """
class Late:
    def __del__(self): emit('/late')
late = Late()
""",
}
"""Ends after which the interpreter has its say."""
DIRTY = {
    "os._exit": ("os._exit(0)", 0),
    "SIGTERM": ("os.kill(os.getpid(), signal.SIGTERM); signal.pause()", -signal.SIGTERM),
    "SIGKILL": ("os.kill(os.getpid(), signal.SIGKILL); signal.pause()", -signal.SIGKILL),
    "abort": ("os.abort()", -signal.SIGABRT),
}
"""Ends of which nobody is told, and the code of each."""


@pytest.mark.parametrize("end", CLEAN.values(), ids=CLEAN)
def test_a_clean_end_closes_every_pack_and_each_accepted_event_is_there_once(
    answers: Answers, end: str
) -> None:
    process = answers.start(EMITS + end)
    _, problems = process.communicate(timeout=300)
    assert (process.returncode, problems) == (0, "")
    assert not answers.left_open()
    stored, answered = answers.stored(), answers.pages
    assert sum(answered.values()) >= 50
    assert not answered - stored
    assert sum((stored - answered).values()) <= 1, "only what a daemon thread was cut off in"


@pytest.mark.parametrize(("end", "code"), DIRTY.values(), ids=DIRTY)
def test_after_an_end_that_nobody_is_told_of_the_next_process_finds_everything(
    answers: Answers, end: str, code: int
) -> None:
    process = answers.start(EMITS + end)
    _, problems = process.communicate(timeout=300)
    assert process.returncode == code, problems
    assert answers.left_open()
    adopt_dead(answers.home.data / "spool")
    assert not answers.left_open()
    assert answers.stored() == answers.pages


def test_an_interrupt_ends_the_process_and_loses_nothing(answers: Answers) -> None:
    process = answers.start(EMITS + "print('ready', flush=True)\nwhile True: emit('/again')")
    assert process.stdout is not None
    process.stdout.readline()
    process.send_signal(signal.SIGINT)
    _, problems = process.communicate(timeout=300)
    assert process.returncode == -signal.SIGINT, problems
    assert not answers.left_open()
    stored, answered = answers.stored(), answers.pages
    assert not answered - stored
    assert sum((stored - answered).values()) <= 1


STORM = """
import random
from remit.settings import Settings
client.close(30)
client = Client("test", data=data, settings=Settings(pack_events_max=7, pack_age_s=60))
class Late(Exception): pass  # inside an emit it becomes a refusal, as any fault there
class Stop(BaseException): pass
def interrupt(*_): raise Late if n % 2 else Stop
signal.signal(signal.SIGALRM, interrupt)
chance, cut = random.Random(int(sys.argv[3])), 0
for n in range(int(sys.argv[4])):
    try:
        signal.setitimer(signal.ITIMER_REAL, chance.uniform(0.00002, 0.0015))
        for m in range(100): emit(f'/storm/{n}/{m}')
        signal.setitimer(signal.ITIMER_REAL, 0)
    except (Late, Stop):
        cut += 1
signal.setitimer(signal.ITIMER_REAL, 0)
print(cut)
sys.exit(0 if client.close(30) else 1)
"""


def test_exceptions_that_a_signal_raises_in_an_emit_lose_no_accepted_event(
    answers: Answers, *, prove: bool
) -> None:
    process = answers.start(STORM, 4, 5_000 if prove else 400)
    out, problems = process.communicate(timeout=900)
    assert process.returncode == 0, problems
    cut = int(out)
    assert cut > 50, "too few to say anything"
    stored, answered = answers.stored(), answers.pages
    assert not answered - stored, "what was accepted is gone"
    assert max(stored.values()) == 1
    assert sum((stored - answered).values()) <= cut


def test_a_closed_client_leaves_no_thread_and_no_lock(answers: Answers) -> None:
    process = answers.start(
        EMITS
        + """
assert client.close(30)
print([thread.name for thread in threading.enumerate()], len(os.listdir('/proc/self/task')))
again = Client("test", data=data)
print(sorted(name for name in os.listdir(f"{data}/spool") if name.startswith("slot")))
again.close()
"""
    )
    out, problems = process.communicate(timeout=300)
    assert process.returncode == 0, problems
    assert out.split("\n")[:2] == ["['MainThread'] 1", "['slot-00']"]
