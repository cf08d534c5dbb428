"""A batch on a Dask cluster of two worker processes: the same bytes, and nothing lost where workers die."""

import os
import pickle
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from helpers import noise, save

from glimpse import GlimpseError
from glimpse.batch.patches import cut
from glimpse.batch.placements import Placement
from glimpse.batch.rows import Row
from glimpse.batch.runner import Run, run
from glimpse.batch.sources import Block, Source
from glimpse.io import DecodeOptions

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::ResourceWarning")]
distributed = pytest.importorskip("distributed", reason="the extra dask is not installed")


@pytest.fixture(scope="module")
def cluster():
    found = distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=":0", silence_logs=100, processes=True
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


def read_on(cluster, files, out, name=""):
    words = [sys.executable, "-m", "glimpse", "read", *files, "-o", f"{out}/{name}", "-n", "16"]
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


def test_a_table_on_a_cluster_gives_the_same_bytes_as_on_threads(cluster, tmp_path):
    names = [save(tmp_path / f"{i}.png", noise(40, 60, seed=i)) for i in range(3)]
    table = tmp_path / "windows.csv"
    rows = [f"{Path(name).name},{x},9" for x in range(70) for name in names]
    table.write_text("\n".join(["image,row,col", *rows]), encoding="utf-8")
    words = ["--table", table, "--images", tmp_path]
    threads, _ = read_on([], words, tmp_path / "threads")
    dask, _ = read_on(["--dask", cluster.scheduler_address], words, tmp_path / "dask")
    assert dask == threads
    assert len(dask) == 210


@pytest.mark.parametrize("kind", ["table", "folder"])
def test_the_workers_of_a_cluster_write_the_shards_of_threads(cluster, tmp_path, monkeypatch, kind):
    monkeypatch.chdir(tmp_path)  # the workers are elsewhere
    Path("in").mkdir()
    for i in range(5):
        save(f"in/{i}.png", noise(40, 60, seed=i))
    rows = [f"{i}.png,{x},9" for x in range(9) for i in range(5)]
    Path("t.csv").write_text("\n".join(["image,row,col", *rows]))
    words = ["--table", "t.csv", "--images", "in"] if kind == "table" else ["in/"]
    words += ["--shard-size", "10" if kind == "table" else "2"]
    threads, _ = read_on([], words, "threads", "s-{shard:03d}.tar")
    dask, _ = read_on(["--dask", cluster.scheduler_address], words, "dask", "s-{shard:03d}.tar")
    assert dask == threads
    assert len(dask) == (5 if kind == "table" else 3)
    Path("dask/s-001.tar").unlink()
    again, told = read_on(
        ["--dask", cluster.scheduler_address, "--skip-existing"], words, "dask", "s-{shard:03d}.tar"
    )
    assert again == threads
    assert "were there already and were left" in told


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


def told_by(address, folder, *names):
    """The one line of a batch that cannot be done there, and its exit code."""
    words = [sys.executable, "-m", "glimpse", "read", *names, "-o", f"{folder}/out/", "--dask", address]
    start = time.monotonic()
    done = subprocess.run(words, capture_output=True, text=True, check=False, cwd=folder)
    assert time.monotonic() - start < 20
    assert done.stdout == ""
    assert "distributed" not in done.stderr
    return done.stderr, done.returncode


def test_what_answers_but_is_no_scheduler_is_told_in_one_line(tmp_path):
    image = save(str(tmp_path / "a.png"), noise(8, 9))
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        address = f"tcp://127.0.0.1:{silent.getsockname()[1]}"
        said, code = told_by(address, tmp_path, image)
    assert code == 2
    assert said.startswith(f"glimpse: no Dask scheduler at {address}: ")
    assert len(said.splitlines()) == 1


def test_a_scheduler_without_workers_is_told_in_one_line(tmp_path):
    image = save(str(tmp_path / "a.png"), noise(8, 9))
    with distributed.LocalCluster(n_workers=0, dashboard_address=":0", silence_logs=100) as empty:
        address = empty.scheduler_address
        said, code = told_by(address, tmp_path, image)
        assert (said, code) == (
            f"glimpse: the Dask scheduler at {empty.scheduler_address} has no workers\n",
            2,
        )


def test_the_loss_of_the_last_worker_ends_the_run(monkeypatch):
    monkeypatch.setattr("glimpse.batch.cluster.PATIENCE", 2)
    with distributed.LocalCluster(
        n_workers=1, dashboard_address=":0", silence_logs=100, processes=True
    ) as own:
        results = run(slow_square, range(4), cluster=own.scheduler_address)
        threading.Timer(6, own.scale, [0]).start()
        with pytest.raises(GlimpseError, match="no workers are left"):
            list(results)


def slow_square(x):
    time.sleep(30)
    return x * x


def test_names_are_those_of_the_folder_where_the_command_was_given(cluster, tmp_path):
    save(str(tmp_path / "a.png"), noise(30, 40, 3))
    words = [sys.executable, "-m", "glimpse", "read", "a.png", "-n", "8", "-o", "out/p.png"]
    done = subprocess.run(
        [*words, "--dask", cluster.scheduler_address],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.endswith("-> out/p.png\n")
    assert (tmp_path / "out" / "p.png").exists()


def test_another_file_on_the_worker_fails_that_item(tmp_path):
    image = save(str(tmp_path / "a.png"), noise(8, 9))
    source = Source(image, [Row(image, image, Placement())], DecodeOptions(), fast=False)
    there = pickle.loads(pickle.dumps(source))
    assert there.picture().shape == (8, 9)
    travelling = pickle.dumps(source)
    save(image, noise(9, 10))
    os.utime(image, (1, 1))
    with pytest.raises(GlimpseError, match="another file on the worker, or none"):
        pickle.loads(travelling).picture()


def test_a_file_that_a_dead_worker_wrote_is_as_good_and_another_is_not_replaced(tmp_path):
    image, target = save(str(tmp_path / "a.png"), noise(8, 9)), str(tmp_path / "p.png")
    row = Row(image, image, Placement(n=4), target)
    source = pickle.loads(pickle.dumps(Source(image, [row], DecodeOptions(), fast=False)))
    for _ in range(2):
        (outcome,) = cut(Block(source, [row]), run=Run())
        assert outcome.state == "written"
    Path(target).write_bytes(b"of another")
    (outcome,) = cut(Block(source, [row]), run=Run())
    assert "exists already" in str(outcome.error)
    assert Path(target).read_bytes() == b"of another"
