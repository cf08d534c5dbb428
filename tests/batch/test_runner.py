"""One job over many items: every item once, in order, each failure its own."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from glimpse import GlimpseError
from glimpse.batch.runner import WorkerError, _drawn, run

EVERY = pytest.mark.parametrize("jobs", [1, 2, 5, 64])


def picky(item):
    if item % 3 == 0:
        raise GlimpseError(f"{item} is no good")
    return 10 * item


@EVERY
def test_results_come_in_the_order_of_the_items(jobs):
    def slow_at_first(item):
        time.sleep(0.02 if item < 2 else 0)
        return item * item

    assert list(run(slow_at_first, range(20), jobs)) == [(i, i * i) for i in range(20)]


@EVERY
def test_a_failed_item_fails_alone(jobs):
    results = list(run(picky, range(10), jobs))
    assert [item for item, _ in results] == list(range(10))
    for item, result in results:
        if item % 3:
            assert result == 10 * item
        else:
            assert isinstance(result, GlimpseError)
            assert str(result) == f"{item} is no good"


@EVERY
def test_nothing_to_do_gives_nothing(jobs):
    assert list(run(picky, [], jobs)) == []


@EVERY
def test_each_item_is_worked_on_once(jobs):
    seen = []
    list(run(seen.append, range(100), jobs))
    assert sorted(seen) == list(range(100))


@EVERY
@pytest.mark.parametrize("error", [ValueError, MemoryError, KeyboardInterrupt, SystemExit])
def test_any_other_error_ends_the_run(jobs, error):
    def break_down(item):
        if item == 3:
            raise error("broken")
        return item

    results = run(break_down, range(1000), jobs)
    assert [next(results) for _ in range(3)] == [(0, 0), (1, 1), (2, 2)]
    with pytest.raises(error):
        next(results)


@EVERY
def test_items_are_drawn_only_a_few_ahead(jobs):
    drawn = []
    results = run(lambda item: item, (drawn.append(i) or i for i in range(10_000)), jobs)
    next(results)
    assert len(drawn) <= 2 * jobs + 1
    next(results)
    assert len(drawn) <= 2 * jobs + 2
    results.close()


def test_after_the_end_of_interest_nothing_new_starts():
    gate, workers, started, freed = threading.Event(), set(), [], []
    both_at_work = threading.Barrier(3, timeout=60)

    def job(item):
        workers.add(threading.current_thread())
        started.append(item)
        if item in (1, 2):
            both_at_work.wait()
            freed.append(gate.wait(60))

    results = run(job, range(100), jobs=2)
    next(results)
    both_at_work.wait()  # the first is told, a thread each is in the next two
    results.close()
    gate.set()
    for worker in workers:
        worker.join(60)
    assert sorted(started) == [0, 1, 2]
    assert freed == [True, True]  # nobody waited for the jobs to give up


def test_one_job_runs_in_the_thread_of_the_caller():
    threads = {thread for _, thread in run(lambda _: threading.get_ident(), range(5), jobs=1)}
    assert threads == {threading.get_ident()}


def test_two_jobs_run_at_once():
    meeting = threading.Barrier(2, timeout=60)
    assert len(list(run(lambda _: meeting.wait(), range(4), jobs=2))) == 4


@pytest.mark.parametrize("times", [1, 2])
def test_what_a_worker_lost_is_done_once_more(times):
    lost = [2] * times

    def fetch(future):
        if (result := future.result()) not in lost:
            return result
        lost.remove(result)
        return WorkerError("its worker failed")

    with ThreadPoolExecutor(2) as pool:
        found = dict(_drawn(lambda item: item, range(5), pool, 4, fetch))
    assert list(found) == list(range(5))
    assert str(found.pop(2)) == ("2" if times == 1 else "its worker failed")
    assert found == {item: item for item in found}
