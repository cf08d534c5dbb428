"""Shards of real processes: a kill, two runs at once, a full disk between two shards."""

import os
import signal
import subprocess
import sys
import tarfile
import time
from pathlib import Path

import pytest
from hostile_files import COMMAND, figure, files
from test_hostile_output import SLOW, folder, small_disk, sources  # noqa: F401  fixtures

pytestmark = pytest.mark.hostile

HOW = ["-n", "60", "-o", "out/{shard:02d}.tar", "--shard-size", "10"]


def shards(where="out"):
    """The shards of a folder, each of which is whole."""
    found = {name: data for name, data in files(where).items() if name.endswith(".tar")}
    for name in found:
        with tarfile.open(Path(where, name)) as tar:
            assert len(tar.getnames()) == 20, name
    return found


def finished(command, code):
    done = subprocess.run([*command], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr


@pytest.fixture
def whole():
    """Sixty pictures, and the shards of a run that nobody disturbed."""
    sources(60)
    finished([*COMMAND, "read", "in/", *HOW], 0)
    found = shards()
    for name in found:
        os.unlink(f"out/{name}")
    return found


def test_after_a_kill_shards_are_whole_and_the_next_run_makes_the_others(whole):
    left, new = [], 0
    for run in range(8):
        command = [sys.executable, "-c", SLOW, "read", "in/", *HOW, "--skip-existing"]
        with subprocess.Popen(command, stderr=subprocess.DEVNULL) as running:
            while running.poll() is None and not any(name.endswith(".tar") for name in os.listdir("out")):
                time.sleep(0.002)
            time.sleep(0.03 * run)
            running.send_signal(signal.SIGKILL)
        found = shards()
        assert all(whole[name] == data for name, data in found.items())
        new += len(found)
        left += [name for name in os.listdir("out") if not name.endswith(".tar")]
        finished([*COMMAND, "read", "in/", *HOW, "--skip-existing"], 0)
        assert shards() == whole
        for name in whole:
            os.unlink(f"out/{name}")
    figure("SIGKILL x 8 in shards", f"0 half of {new} shards, {len(set(left))} temporary files left")


@pytest.mark.parametrize("more", [[], ["--skip-existing"], ["--overwrite"]])
def test_two_runs_at_once_make_the_shards_of_one(whole, more):
    runs = [
        subprocess.Popen([*COMMAND, "read", "in/", *HOW, *more], stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    told = [run.communicate(timeout=60)[1] for run in runs]
    figure(f"two runs at once {' '.join(more)}", f"exit {[run.returncode for run in runs]}")
    assert shards() == whole
    assert set(os.listdir("out")) == set(whole)
    assert not any("Traceback" in each or "internal" in each for each in told)
    assert more == [] or [run.returncode for run in runs] == [0, 0], told


def test_a_disk_that_is_full_between_two_shards_costs_the_second_alone(whole, small_disk):  # noqa: F811
    how = [word.replace("out/", "disk/") for word in HOW]
    size = len(next(iter(whole.values())))
    assert size < 128 * 1024 < 2 * size, size
    told = finished([*COMMAND, "read", "in/", *how, "-j", "1"], 1)
    found = shards("disk")
    figure(
        "full disk between two shards", f"{len(found)} of 6 whole, {len(files('disk')) - len(found)} others"
    )
    assert "-o disk/01.tar: no space left on device" in told
    assert found == {"00.tar": whole["00.tar"]}
    assert set(os.listdir("disk")) == {"00.tar"}
