"""One job over many items, on threads, results in the order of the items."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

from glimpse.window import GlimpseError

Item = TypeVar("Item")
Result = TypeVar("Result")


def run(
    job: Callable[[Item], Result], items: Iterable[Item], jobs: int = 1
) -> Iterator[tuple[Item, Result | GlimpseError]]:
    """Yield each item with the result of its job, or with the error that failed it alone.

    Parameters
    ----------
    job : callable
        Called once per item; a `GlimpseError` that it raises is yielded, any other ends the run.
    items : iterable
        Drawn only a few ahead of the results, so that a long list costs no memory.
    jobs : int
        Threads. With one, everything happens in the caller's.

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

    if jobs == 1:
        yield from ((item, attempt(item)) for item in items)
        return
    source = iter(items)
    pool = ThreadPoolExecutor(jobs)
    try:
        waiting: deque[tuple[Item, Future[Result | GlimpseError]]] = deque(
            (item, pool.submit(attempt, item)) for item in islice(source, 2 * jobs)
        )
        while waiting:
            item, future = waiting.popleft()
            result = future.result()
            waiting.extend((item, pool.submit(attempt, item)) for item in islice(source, 1))
            yield item, result
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
