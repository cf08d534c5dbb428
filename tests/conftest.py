"""How hard Hypothesis tries: the same examples every time in CI, new ones at every run elsewhere."""

import gc
import itertools
import os
import signal

import pytest
from hypothesis import settings

IN_CI = bool(os.environ.get("CI"))

# the laws are many, so that few examples of each find what is broken; `thorough` is for one run in CI
settings.register_profile("everyday", deadline=None, derandomize=IN_CI, max_examples=8)
settings.register_profile("thorough", deadline=None, derandomize=IN_CI, max_examples=200)
settings.load_profile("everyday")

# thousands of tests are many objects, which each collection of garbage would go through in vain
gc.set_threshold(50_000, 20, 100)

# under `nohup` or in the background signals are ignored, which children inherit and glimpse respects, so that
# tests of signals would wait for ever; a handler instead is not inherited
for _name in ("SIGINT", "SIGHUP", "SIGQUIT", "SIGTERM", "SIGALRM", "SIGUSR1", "SIGXCPU"):
    _number = getattr(signal, _name, signal.SIGINT)
    if signal.getsignal(_number) is signal.SIG_IGN:
        signal.signal(_number, lambda *_: None)

# a relative PYTHONPATH is of the folder that the tests are started in; commands start in others
if paths := os.environ.get("PYTHONPATH"):
    os.environ["PYTHONPATH"] = os.pathsep.join(map(os.path.abspath, paths.split(os.pathsep)))


@pytest.fixture(scope="session")
def folders(tmp_path_factory):
    """Names of folders that are not there yet."""
    base = tmp_path_factory.mktemp("folders")
    return (base / str(number) for number in itertools.count())


@pytest.fixture
def tmp_path(folders):
    """An empty folder, as pytest's, which for each looks through all that there are."""
    path = next(folders)
    path.mkdir()
    return path
