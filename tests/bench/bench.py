"""What the benchmarks share: interleaved medians, a table, peers that may be absent."""

import os
import random
import shutil
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from statistics import median

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as the command does: one thread for everybody
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # as pip installs it: compiled

ROOT = Path(__file__).parents[2]
SCENE = ROOT / "sample_images" / "scene.png"


def seconds(call: Callable[[], object], clock: Callable[[], float] = time.perf_counter) -> float:
    """The time of one call."""
    start = clock()
    call()
    return clock() - start


def interleaved(
    calls: dict[str, Callable[[], object]], rounds: int = 7, clock: Callable[[], float] = time.perf_counter
) -> dict[str, float]:
    """The median seconds of each call, after one round that does not count.

    The calls take turns in a changing order, so that none always follows the one that empties the caches.
    """
    times: dict[str, list[float]] = {name: [] for name in calls}
    turns, order = list(calls.items()), random.Random(0)
    for number in range(rounds + 1):
        order.shuffle(turns)
        for name, call in turns:
            spent = seconds(call, clock)
            if number:
                times[name].append(spent)
    return {name: median(values) for name, values in times.items()}


def table(title: str, times: dict[str, float], base: str, notes: dict[str, str] | None = None) -> None:
    """Print milliseconds and the ratio to one of them, and how busy the machine was."""
    load = f" (load {os.getloadavg()[0]:.1f})" if hasattr(os, "getloadavg") else ""
    print(f"\n{title}{load}")
    for name, value in times.items():
        note = (notes or {}).get(name, "")
        print(f"  {name:38} {1000 * value:10.2f} ms {value / times[base]:8.2f} x {note}".rstrip())


def command(*words: object, **options: object) -> Callable[[], object]:
    """A call that runs a command and fails if it does."""
    line = [str(word) for word in words]
    return lambda: subprocess.run(line, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


_PEAK = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


def peak(*words: object) -> float:
    """Megabytes that `glimpse` with these words takes at its peak."""
    line = [sys.executable, "-c", _PEAK, sys.executable, "-m", "glimpse", *map(str, words)]
    unit = 1 if sys.platform == "darwin" else 1024
    said = subprocess.run(line, check=True, capture_output=True).stdout.splitlines()
    return int(said[-1]) * unit / 1e6


def allocated(call: Callable[[], object]) -> float:
    """Megabytes that a call allocates at its peak, its result among them."""
    tracemalloc.start()
    call()
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most / 1e6


def glimpse(*words: object) -> Callable[[], object]:
    """A call of the command under test."""
    return command(sys.executable, "-m", "glimpse", *words)


def python(code: str) -> Callable[[], object]:
    """A call of this interpreter."""
    return command(sys.executable, "-c", code)


def have(*names: str) -> bool:
    """Whether these modules, or programs, are installed; tells where one is not."""
    absent = [name for name in names if not (shutil.which(name) or find_spec(name))]
    for name in absent:
        print(f"  ({name} is not installed: left out)")
    return not absent
