"""What tests of commands share: run one, make its inputs, look into its outputs."""

import functools
import io
import json
import signal
import subprocess
import sys

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from glimpse.cli import main
from glimpse.io.gif_input import read_gif
from glimpse.io.png import SIGNATURE
from glimpse.io.png_input import read_png
from glimpse.io.record import DESCRIPTION
from glimpse.io.tags import description

SHAPE = 30, 44  # rows and columns of the picture that tests of commands start from


def invoke(*args, stdin=None, env=None):
    """Run a command within this process, and leave the process as it was."""
    handler = signal.getsignal(signal.SIGTERM)
    try:
        return CliRunner().invoke(main, [str(arg) for arg in args], input=stdin, env=env, prog_name="glimpse")
    finally:
        signal.signal(signal.SIGTERM, handler)


def process(*args, stdin=b"", code=0, **options):
    """Run a command in a process of its own; a traceback is never right."""
    command = [sys.executable, "-m", "glimpse", *map(str, args)]
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | options
    streams |= {"input": stdin} if isinstance(stdin, bytes) else {"stdin": stdin}
    done = subprocess.run(command, timeout=30, check=False, **streams)
    assert b"Traceback" not in (done.stderr or b"")
    assert done.returncode == code, done.stderr
    return done


def loaded(kind, told, **options):
    """What the package datasets tells of its rows, in a process of its own: it leaves open files behind."""
    pytest.importorskip("datasets", reason="the package datasets is not installed")
    program = (
        "import datasets, json\n"
        f"rows = datasets.load_dataset({kind!r}, split='train', cache_dir='cache', **{options!r})\n"
        f"print(json.dumps([{told}]))"
    )
    command = [sys.executable, "-W", "ignore", "-c", program]
    done = subprocess.run(command, timeout=300, check=False, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@functools.cache
def _picture():
    file = io.BytesIO()
    Image.fromarray(noise(*SHAPE, 3)).save(file, "PNG", compress_level=1)
    return file.getvalue()


@pytest.fixture
def image(folder):
    (folder / "a.png").write_bytes(_picture())
    return "a.png"


def comment(data):
    """The text of a file that may be a record, whatever it says; no pixel is decoded."""
    if data.startswith(b"GIF"):
        return read_gif(io.BytesIO(data), 1).comment
    if data.startswith(SIGNATURE):
        return read_png(io.BytesIO(data)).record
    with Image.open(io.BytesIO(data)) as image:
        return (
            image.tag_v2.get(DESCRIPTION) if image.format == "TIFF" else description(image.info.get("exif"))
        )


def noise(*shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def save(path, array, **options):
    Image.fromarray(array).save(path, **{"compress_level": 1} | options)  # which PNG alone looks at
    return str(path)


def rounded(array):
    """Levels as a PNG has them."""
    return np.clip(np.rint(array), 0, 255).astype(np.uint8)


def opened(source):
    """The pixels of a file, or of the bytes of one."""
    with Image.open(io.BytesIO(source) if isinstance(source, bytes) else source) as image:
        return np.asarray(image)


def record(path):
    with Image.open(path) as image:
        return json.loads(image.text["glimpse"])


def lines(data):
    return (data.decode() if isinstance(data, bytes) else data).splitlines()
