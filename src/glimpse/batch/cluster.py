"""A Dask cluster as an executor; where it cannot work, one line says why."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from threading import Thread
from typing import TYPE_CHECKING, Any

from glimpse.batch.runner import WorkerError
from glimpse.errors import GlimpseError

if TYPE_CHECKING:
    from concurrent.futures import Executor, Future

PATIENCE = 8.0
"""Seconds to wait for an answer or for a worker: a worker needs some 3 to begin; users give up after 15."""

_LOUD = (
    "distributed",
    "tornado",
    "asyncio",
    "bokeh",
)  # loggers that tell of every connection that comes and goes
_POLL = 0.5  # seconds between two looks at the workers


class Cluster:
    """Workers that do jobs.

    Parameters
    ----------
    client : distributed.Client
        The connection to their scheduler.
    address : str
        Its address, for messages.
    """

    def __init__(self, client: Any, address: str) -> None:
        self._client, self._address = client, address
        self.executor: Executor = client.get_executor(pure=False)
        self._seen = time.monotonic()

    @property
    def threads(self) -> int:
        """The number of threads of all workers, at least 1."""
        count: int = sum(self._client.nthreads().values())
        return max(1, count)

    def result(self, future: Future[Any]) -> Any:
        """Return the result of a job, or the error that failed it alone.

        Raises
        ------
        GlimpseError
            If no worker is left.
        """
        self._seen = time.monotonic()
        while True:
            try:
                return future.result(timeout=_POLL)
            except TimeoutError:
                self._check_workers()
            except Exception as error:
                return self._fault(error)

    def _fault(self, error: Exception) -> GlimpseError:
        """The error of an item that Dask failed, unless all of Dask did."""
        name = type(error).__name__
        if name == "KilledWorker":
            return WorkerError("it kills the worker that opens it")
        if name in ("CancelledError", "FutureCancelledError", "CommClosedError"):
            raise GlimpseError(f"the Dask scheduler at {self._address} is gone") from None
        if isinstance(error, ImportError):
            raise GlimpseError(
                f"the workers at {self._address} have another glimpse, or none: {_line(error)}"
            )
        # such as one that Dask makes of what it moves between workers while one of them dies
        return WorkerError(f"its worker failed: {name}: {_line(error)}")

    def _check_workers(self) -> None:
        workers: Any = {}
        with suppress(Exception):  # the scheduler may be gone
            workers = self._client.scheduler_info()["workers"]
        if workers:
            self._seen = time.monotonic()
        elif time.monotonic() - self._seen > PATIENCE:
            raise GlimpseError(f"no workers are left at {self._address}")

    def check(self, version: str) -> None:
        """Refuse a cluster without workers, or whose workers have another version of glimpse, or none.

        Raises
        ------
        GlimpseError
            If it is one.
        """
        try:
            self._client.wait_for_workers(1, timeout=PATIENCE)
            found = set(self._client.run(_version).values())
        except TimeoutError:
            raise GlimpseError(f"the Dask scheduler at {self._address} has no workers") from None
        except Exception as error:
            raise GlimpseError(f"the workers at {self._address} have no glimpse: {_line(error)}") from None
        if found != {version}:
            other = ", ".join(sorted(found - {version}))
            raise GlimpseError(f"the workers at {self._address} have glimpse {other}, here it is {version}")


def _version() -> str:
    from glimpse import __version__

    return __version__


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__


@contextmanager
def connect(address: str) -> Iterator[Cluster]:
    """Connect to the scheduler at an address, or to workers of this machine for ``local``.

    Raises
    ------
    GlimpseError
        If there is no Dask, no cluster at that address, or none that can do our work.
    """
    try:
        distributed: Any = import_module("distributed")  # comes with the extra `dask`
    except ImportError:
        raise GlimpseError("Dask is not installed: pip install 'glimpse-crop[dask]'") from None
    _silence()
    own = None
    try:
        own = None
        if address == "local":
            own = distributed.LocalCluster(dashboard_address=None, silence_logs=logging.CRITICAL)
        client = _within(lambda: distributed.Client(own or address, timeout=PATIENCE), address)
        try:
            cluster = Cluster(client, address)
            cluster.check(_version())
            yield cluster
        finally:
            _close(client)
    finally:
        if own:
            _close(own)


def _within(connected: Callable[[], Any], address: str) -> Any:
    """Connect in a thread of its own: what answers, but not as a scheduler, may keep it for ever."""
    found: list[Any] = []

    def work() -> None:
        try:
            found.append(connected())
        except Exception as error:
            found.append(error)

    thread = Thread(target=work, daemon=True)
    thread.start()
    thread.join(PATIENCE + 1)
    if not found or isinstance(found[0], Exception):
        reason = _line(found[0]) if found else "what answers is no scheduler"
        raise GlimpseError(f"no Dask scheduler at {address}: {reason}")
    return found[0]


def _close(client: Any) -> None:
    """Close a connection, at most for a moment: its other end may be gone."""

    def work() -> None:
        with suppress(Exception):
            client.close()

    thread = Thread(target=work, daemon=True)
    thread.start()
    thread.join(3)


def _silence() -> None:
    """Keep Dask's own words from stderr; what matters of them is told in our lines."""
    for name in (
        *_LOUD,
        *(each for each in logging.root.manager.loggerDict if each.startswith("distributed")),
    ):
        logger = logging.getLogger(name)
        logger.handlers[:] = [logging.NullHandler()]
        logger.propagate = False
        logger.setLevel(logging.CRITICAL + 1)
