"""One job over many items, on threads or a Dask cluster; what became of each, in the order of the items."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from itertools import islice
from threading import Thread
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from glimpse.batch.outcomes import Outcome, of_item
from glimpse.errors import GlimpseError, UsageError, prefixed

if TYPE_CHECKING:
    from concurrent.futures import Executor, Future

    from glimpse.io.encode import Quality

Item = TypeVar("Item")
Result = TypeVar("Result")


class WorkerError(GlimpseError):
    """The error of an item that its worker failed, perhaps by another item's fault."""


class Run(NamedTuple):
    """The settings that go with every run.

    Parameters
    ----------
    overwrite, skip_existing : bool
        Whether files that exist are replaced, or left; refused if neither.
    quiet : bool
        Tell of failures only.
    jobs : int
        Threads.
    cluster : str or None
        Instead of threads: the address of a Dask scheduler, or ``local``.
    part : (int, int) or None
        (K, N): every N-th image from the K-th on, of a batch that N processes share.
    quality : int, "lossless" or None
        How well lossy formats keep stills, as for `glimpse.io.save_still`.
    debug : bool
        Let an unknown error out instead of failing its item.
    """

    overwrite: bool = False
    skip_existing: bool = False
    quiet: bool = False
    jobs: int = 1
    cluster: str | None = None
    quality: Quality = None
    part: tuple[int, int] | None = None
    debug: bool = False


_AHEAD = 2  # items drawn for each that is worked on: a long list costs no memory


def run(
    job: Callable[[Item], Result],
    items: Iterable[Item],
    jobs: int = 1,
    cluster: str | None = None,
    guard: Callable[[], AbstractContextManager[None]] = nullcontext,
) -> Iterator[tuple[Item, Result | GlimpseError]]:
    """Yield each item with the result of its job, or with the error that failed it alone.

    Parameters
    ----------
    job : callable
        Called once per item; a `GlimpseError` that it raises is yielded, any other ends the run. On a
        cluster it is called again where a worker failed.
    items : iterable
        Drawn only a few ahead of the results.
    jobs : int
        Threads. With one or none, everything happens in the caller's.
    cluster : str or None
        Instead of threads: the address of a Dask scheduler, or ``local`` for workers on this machine.
        An item that kills its workers fails alone.
    guard : callable
        Makes a context for each job, such as one that turns errors into a `GlimpseError`.

    Raises
    ------
    GlimpseError
        If there is no Dask, or no cluster at that address.

    Examples
    --------
    >>> list(run(lambda x: x * x, [1, 2, 3], jobs=2))
    [(1, 1), (2, 4), (3, 9)]
    """

    def attempt(item: Item) -> Result | GlimpseError:
        try:
            with guard():
                return job(item)
        except UsageError:
            raise
        except GlimpseError as error:
            return error

    if cluster:
        from glimpse.batch.cluster import connect  # which few need

        with connect(cluster) as workers:
            yield from _drawn(attempt, items, workers.executor, _AHEAD * workers.threads, workers.result)
    elif jobs <= 1:
        yield from ((item, attempt(item)) for item in items)
    else:
        from concurrent.futures import ThreadPoolExecutor  # a single file need not wait for this import

        threads = ThreadPoolExecutor(jobs)
        try:
            yield from _drawn(attempt, items, threads, _AHEAD * jobs, lambda future: future.result())
        finally:
            threads.shutdown(wait=False, cancel_futures=True)


def _drawn(
    attempt: Callable[[Item], Result | GlimpseError],
    items: Iterable[Item],
    pool: Executor,
    ahead: int,
    fetch: Callable[[Future[Result | GlimpseError]], Result | GlimpseError],
) -> Iterator[tuple[Item, Result | GlimpseError]]:
    source = iter(items)
    waiting: deque[tuple[Item, Future[Result | GlimpseError]]] = deque(
        (item, pool.submit(attempt, item)) for item in islice(source, ahead)
    )
    while waiting:
        item, future = waiting.popleft()
        result = fetch(future)
        if isinstance(result, WorkerError):  # perhaps with another item of the same worker: once more, alone
            for _, other in waiting:
                fetch(other)
            result = fetch(pool.submit(attempt, item))
        waiting.extend((item, pool.submit(attempt, item)) for item in islice(source, 1))
        yield item, result


def outcomes(
    job: Callable[[Item], Any],
    items: Collection[Item],
    run_as: Run,
    name: Callable[[Item], str],
    finish: Callable[[Item, Any], Outcome | list[Outcome]] = lambda item, result: result,
) -> Iterator[Outcome]:
    """Run a job over items and yield what became of each.

    Parameters
    ----------
    job : callable
        Does the work and returns its outcome, or of several outputs of one item a list of them; or raises
        `GlimpseError`. Any other error is the item's fault as well.
    items : collection
        The items to work on.
    run_as : Run
        Where they are worked on.
    name : callable
        The file name of an item, for an error of the whole item; empty where errors name it already.
    finish : callable
        Makes outcomes of the result of an item's job, one after the other, in the order of the items.
    """
    guard = partial(of_item, alone=len(items) == 1, debug=run_as.debug)
    threads = min(run_as.jobs, len(items))
    job = job if run_as.cluster or threads > 1 else partial(aside, job)
    for item, result in run(job, items, threads, run_as.cluster, guard):
        named = name(item)
        try:
            if isinstance(result, GlimpseError):
                raise result
            found = finish(item, result)
        except GlimpseError as error:
            found = Outcome(named, error=prefixed(named, error) if named else error)
        yield from found if isinstance(found, list) else [found]


def aside(job: Callable[[Item], Result], item: Item) -> Result:
    """Return the result of a job, in a thread of its own so that signals need not wait for its end.

    A signal is seen between two steps of Python in the main thread; the decoding of a large file is one step.
    """
    found: list[Any] = []

    def work() -> None:
        try:
            found[:] = job(item), None
        except BaseException as error:
            found[:] = None, error

    thread = Thread(target=work, daemon=True)
    thread.start()
    thread.join()
    result, error = found
    if error is not None:
        raise error
    returned: Result = result
    return returned
