"""A batch on a Dask cluster of two worker processes: the same bytes, and nothing lost where workers die."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from helpers import noise, save

from glimpse import GlimpseError
from glimpse.parallel import run

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::ResourceWarning")]
distributed = pytest.importorskip("distributed", reason="the extra dask is not installed")


@pytest.fixture(scope="module")
def cluster():
    found = distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs=100, processes=True
    )
    with found:
        yield found


def squared_unless_deadly(x):
    if x == 5:
        os.kill(os.getpid(), signal.SIGKILL)
    if x == 3:
        raise GlimpseError("three is odd")
    return x * x


def test_results_come_in_order_and_an_item_that_kills_workers_fails_alone(cluster):
    found = dict(run(squared_unless_deadly, range(12), cluster=cluster.scheduler_address))
    assert list(found) == list(range(12))
    assert str(found.pop(3)) == "three is odd"
    assert "kills the worker" in str(found.pop(5))
    assert found == {x: x * x for x in found}


def read_on(cluster, files, out):
    words = [sys.executable, "-m", "glimpse", "read", *files, "-o", f"{out}/", "-n", "16"]
    done = subprocess.run([*words, *cluster], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return {path.name: path.read_bytes() for path in Path(out).iterdir()}, done.stderr


def test_a_cluster_writes_the_same_bytes_as_threads(cluster, tmp_path):
    files = [save(str(tmp_path / f"{i}.png"), noise(40, 60, 3, seed=i)) for i in range(20)]
    here, said = read_on([], files, tmp_path / "here")
    there, told = read_on(["--dask", cluster.scheduler_address], files, tmp_path / "there")
    assert len(here) == 20
    assert here == there
    assert said.replace("here", "there") == told


def test_the_pixel_limit_holds_on_a_cluster(cluster, tmp_path):
    image = save(str(tmp_path / "a.png"), noise(20, 30))
    words = [sys.executable, "-m", "glimpse", "read", image, "-o", str(tmp_path / "p.png")]
    words += ["--max-pixels", "599", "--dask", cluster.scheduler_address]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "20 x 30 pixels are more than 599; --max-pixels raises the limit" in done.stderr


def test_a_worker_killed_half_way_loses_nothing(cluster, tmp_path):
    files = [save(str(tmp_path / f"{i}.png"), noise(900, 1200, 3, seed=i)) for i in range(60)]
    here, _ = read_on([], files, tmp_path / "here")

    def kill_one():
        while not (tmp_path / "there").exists() or len(os.listdir(tmp_path / "there")) < 5:
            time.sleep(0.01)
        os.kill(next(iter(cluster.workers.values())).pid, signal.SIGKILL)

    killer = threading.Thread(target=kill_one)
    killer.start()
    there, _ = read_on(["--dask", cluster.scheduler_address], files, tmp_path / "there")
    killer.join()
    assert here == {name: data for name, data in there.items() if not name.endswith(".tmp")}


def test_no_scheduler_is_told_in_one_line(tmp_path):
    image = save(str(tmp_path / "a.png"), noise(8, 9))
    words = [sys.executable, "-m", "glimpse", "read", image, "-o", str(tmp_path / "p.png")]
    done = subprocess.run(
        [*words, "--dask", "tcp://127.0.0.1:9"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr.startswith("glimpse: no Dask scheduler at tcp://127.0.0.1:9")
    assert len(done.stderr.splitlines()) == 1


def test_without_dask_the_message_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(GlimpseError, match=r"pip install 'glimpse-crop\[dask\]'"):
        list(run(abs, [1], cluster="local"))
