"""The recipes for many machines in `cli/README.md` do what one run does."""

import os
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from helpers import invoke, noise, save

import glimpse
from glimpse.batch import read_table

PACKAGE = Path(glimpse.__file__).parent
SECTION = (PACKAGE / "cli" / "README.md").read_text("utf-8").split("## Many machines")[1].split("\n## ")[0]
PYTHON = re.search(r"```python\n(.*?)```", SECTION, re.DOTALL)[1]


@pytest.fixture
def photos(folder):
    Path("photos").mkdir()
    for k in range(9):
        save(f"photos/{k}.png", noise(20, 30, seed=k))
    rows = [f"{k},photos/{k % 9}.png,{k % 7},{k % 5},9,8" for k in range(23)]
    Path("boxes.csv").write_text("\n".join(["id,image,x,y,w,h", *rows]))


def shell(line):
    """Run a line of the document by bash, with fewer patches in a shard."""
    line = line.replace("glimpse read", "glimpse read --shard-size 4")
    line = line.replace("-I% glimpse", f"-I% {sys.executable} -m glimpse")
    environment = os.environ | {"PYTHONPATH": str(PACKAGE.parent)}
    done = subprocess.run(["bash", "-euc", line], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def task(line, **environment):
    """Run the command of a line with the words that bash makes of it, with fewer patches in a shard."""
    line = 'glimpse() { printf "%s\\0" "$@"; }\n' + line
    done = subprocess.run(
        ["bash", "-euc", line], env=os.environ | environment, capture_output=True, text=True
    )
    command, *words = done.stdout.split("\0")[:-1]
    result = invoke(command, "--shard-size", "4", *words)
    assert result.exit_code == 0, (done.stderr, result.stderr)


def made(folder="crops"):
    return {path.name: path.read_bytes() for path in Path(folder).iterdir()}


def line_with(word):
    return next(line for line in SECTION.splitlines() if line.startswith(word))


def test_xargs_divides_a_folder(photos):
    shell(line_with("seq 8").replace("seq 8", "seq 2").replace("%/8", "%/2").replace("-P 8", "-P 2"))
    assert invoke("read", "photos/", "-n", "64", "-o", "whole/").exit_code == 0
    assert made() == made("whole")


def test_the_tasks_of_slurm_divide_a_table_and_one_that_comes_again_does_nothing_twice(photos):
    command = re.search(r"--wrap '(.*)'", line_with("sbatch"))[1].replace("/100", "/2")
    for number in (2, 1, 2):
        task(command, SLURM_ARRAY_TASK_ID=str(number))
    how = ["--table", "boxes.csv", "-n", "64", "--shard-size", "4", "-o", "whole/{shard:05d}.tar"]
    assert invoke("read", *how).exit_code == 0
    assert len(made()) == 6
    assert made() == made("whole")


def columns():
    rows = [row.cells for row in read_table("boxes.csv")]
    numbers = {name: np.array([int(row[name]) for row in rows]) for name in ("id", *"xywh")}
    return numbers | {"image": np.array([row["image"] for row in rows])}


def test_the_function_for_ray_makes_a_shard_of_its_rows(photos, monkeypatch):
    told = []

    class Data:
        def map_batches(self, shard, batch_size):
            assert batch_size == 10_000
            all_rows = columns()
            told.extend(
                shard({name: each[at : at + 10] for name, each in all_rows.items()}) for at in (0, 10, 20)
            )
            return SimpleNamespace(write_csv=lambda name: None)

    ray = SimpleNamespace(data=SimpleNamespace(read_csv=lambda name: Data()))
    monkeypatch.setitem(sys.modules, "ray", ray)
    exec(PYTHON, {})
    assert [(each["id"].tolist(), each["failed"]) for each in told] == [([0], [0]), ([10], [0]), ([20], [0])]
    assert sorted(made()) == ["000000000.tar", "000000010.tar", "000000020.tar"]
    before = made()
    exec(PYTHON, {})  # a task that comes again
    assert made() == before
