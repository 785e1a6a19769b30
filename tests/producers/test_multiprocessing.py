"""Children of multiprocessing, however they start and end, and forks out of threads: nothing lost, nothing twice."""

import pytest

from kit.answered import Answers
from remit.leftovers import adopt_dead

METHODS = ("fork", "spawn", "forkserver")

CHILDREN = """
import multiprocessing
def work(who):
    for n in range(20): emit(f"/{who}/{n}")
def crash(who):
    work(who)
    os._exit(0)
def linger(who, done):
    work(who)
    done.set()
    signal.pause()
def task(n):
    emit(f"/task/{n}")
def main(method):
    context = multiprocessing.get_context(method)
    emit("/parent/before")
    kinds = sys.argv[4].split(",")
    if "process" in kinds:
        children = [context.Process(target=work, args=(f"child-{n}",)) for n in range(2)]
        for child in children: child.start()
        for child in children: child.join()
        assert not any(child.exitcode for child in children)
    if "crash" in kinds:
        child = context.Process(target=crash, args=("crashed",))
        child.start()
        child.join()
        done = context.Event()
        daemon = context.Process(target=linger, args=("daemon", done), daemon=True)
        daemon.start()
        assert done.wait(60)  # terminated by this process's end
    if "pool" in kinds:
        pool = context.Pool(2, maxtasksperchild=3)
        pool.map(task, range(12), chunksize=1)
        pool.close()
        pool.join()
    if "terminate" in kinds:
        with context.Pool(2) as pool:
            pool.map(task, range(12), chunksize=1)
    emit("/parent/after")
if __name__ == "__main__":
    main(sys.argv[3])
"""
CLEAN = {"process": 2 + 40, "pool": 2 + 12}
"""Children that come to their own end, and how many events there are."""
DIRTY = {"crash": 2 + 40, "terminate": 2 + 12}
"""Children that are cut off."""


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("kind", "events"), CLEAN.items(), ids=CLEAN)
def test_children_that_end_by_themselves_leave_no_pack_open(
    answers: Answers, method: str, kind: str, events: int
) -> None:
    process = answers.start(CHILDREN, method, kind)
    _, problems = process.communicate(timeout=120)
    assert process.returncode == 0, problems
    assert not answers.left_open()
    assert answers.stored() == answers.pages
    assert answers.pages.total() == events


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("kind", "events"), DIRTY.items(), ids=DIRTY)
def test_of_children_that_are_cut_off_the_next_process_finds_everything(
    answers: Answers, method: str, kind: str, events: int
) -> None:
    process = answers.start(CHILDREN, method, kind)
    _, problems = process.communicate(timeout=120)
    assert process.returncode == 0, problems
    adopt_dead(answers.home.data / "spool")
    assert answers.stored() == answers.pages
    assert answers.pages.total() == events


FORKS = """
second = Client("second", data=data)
is_over = threading.Event()
def go_on(who):
    n = 0
    while not is_over.is_set():
        emit(f"/{who}/{n}")
        n += 1
def fork(who):
    for n in range(12):
        child = os.fork()
        if not child:
            good = emit(f"/child/{who}/{n}") and second.emit(PageView(page="/second"))
            os._exit(0 if good and client.close(30) and second.close(30) else 1)
        assert os.waitpid(child, 0)[1] == 0
going = [threading.Thread(target=go_on, args=(f"goes-on-{n}",)) for n in range(2)]
forking = [threading.Thread(target=fork, args=(f"thread-{n}",)) for n in range(3)]
for thread in going + forking: thread.start()
for thread in forking: thread.join()
is_over.set()
for thread in going: thread.join()
sys.exit(0 if client.close(30) and second.close(30) else 1)
"""


def test_threads_that_fork_at_once_while_others_emit_wait_for_one_another(answers: Answers) -> None:
    process = answers.start(FORKS)
    _, problems = process.communicate(timeout=120)
    assert process.returncode == 0, problems
    stored = answers.stored()
    assert stored.pop("/second") == 36
    assert stored == answers.pages
    assert sum(page.startswith("/child") for page in stored) == 36


STARTING = """
made = []
def make():
    for n in range(4): made.append(Client(f"made-{n}", data=data))
def fork():
    for n in range(8):
        child = os.fork()
        if not child:
            mine = Client("mine", data=data)
            good = mine.emit(PageView(page="/child")) and mine.close(30)
            os._exit(0 if good else 1)
        assert os.waitpid(child, 0)[1] == 0
        client.emit(PageView(page="/parent"))
threads = [threading.Thread(target=each) for each in (make, fork)]
for thread in threads: thread.start()
for thread in threads: thread.join()
for each in made: assert each.close(30)
print(len(made))
"""


def test_a_fork_while_another_thread_makes_clients_leaves_no_slot_taken(answers: Answers) -> None:
    process = answers.start(STARTING)
    out, problems = process.communicate(timeout=120)
    assert process.returncode == 0, problems
    assert out.strip() == "4"
    assert answers.stored() == {"/child": 8, "/parent": 8}
