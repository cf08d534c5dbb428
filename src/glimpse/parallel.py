"""One job over many items, on threads or a Dask cluster, results in the order of the items."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

from glimpse.errors import GlimpseError

if TYPE_CHECKING:
    from concurrent.futures import Executor, Future

Item = TypeVar("Item")
Result = TypeVar("Result")

KILLED = GlimpseError("it kills the worker that opens it")
"""The error of an item whose workers died, each time that it was tried."""
_AHEAD = 2  # items drawn for each that is worked on: a long list costs no memory


def run(
    job: Callable[[Item], Result], items: Iterable[Item], jobs: int = 1, cluster: str | None = None
) -> Iterator[tuple[Item, Result | GlimpseError]]:
    """Yield each item with the result of its job, or with the error that failed it alone.

    Parameters
    ----------
    job : callable
        Called once per item; a `GlimpseError` that it raises is yielded, any other ends the run. On a
        cluster it is called again where a worker died.
    items : iterable
        Drawn only a few ahead of the results.
    jobs : int
        Threads. With one or none, everything happens in the caller's.
    cluster : str or None
        Instead of threads: the address of a Dask scheduler, or ``local`` for workers on this machine.
        An item that kills its workers fails alone.

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
            return job(item)
        except GlimpseError as error:
            return error

    if cluster:
        from glimpse.cluster import connect  # which few need

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
        if result is KILLED:  # perhaps by another item of the same worker: once more, alone
            for _, other in waiting:
                fetch(other)
            result = fetch(pool.submit(attempt, item))
        waiting.extend((item, pool.submit(attempt, item)) for item in islice(source, 1))
        yield item, result
