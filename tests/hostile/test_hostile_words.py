"""Words that mean harm: numbers, windows, amounts of work, records. One figure for each promise."""

import json
import os
import re
import subprocess
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pytest
from helpers import invoke
from hostile_files import chunk, encoded, figure, glimpse, photo
from PIL import Image
from test_record import FAR, GOOD, HOSTILE

from glimpse import GlimpseError, Window, limits, read
from glimpse.io.record import parse_record
from glimpse.io.stills import load_record
from glimpse.window import EDGES, KERNELS

pytestmark = pytest.mark.hostile


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.png").write_bytes(encoded(photo()))
    return tmp_path


NEVER = [
    "nan",
    "NaN",
    "inf",
    "-inf",
    "Infinity",
    "1e999",
    "-1e999",
    "1_000",
    "\u0661\u0662",
    "\uff11",
    "0x10",
    "",
]
NEVER += [
    " ",
    " 1",
    "1 ",
    "1,5,3",
    "1e",
    "e5",
    "--1",
    "+-1",
    "1.2.3",
    "0b1",
    "1j",
    "\u00bd",
    "1\u066b5",
    "one",
]
POSITIVE = ["0", "-0.0", "-1", "1e-10", "1e10", "1e-400"]
PLACES = ["1e10", "-1e10"]
COUNTS = ["0", "-1", "-0.0", "1.0", "1e2", "+3", "4097", "99999999999999999999"]
OPTIONS = {
    "--gx": (NEVER + PLACES, ["0", "-0.0", "-3", "2.5", "+2", "1e3", ".5", "5.", "50%"]),
    "--gy": (NEVER + PLACES, ["0", "-0.0", "-3", "2.5", "+2", "1e3", ".5", "5.", "50%"]),
    "--delta": (NEVER + POSITIVE, ["1e-9", "1e9", "0.5", "3"]),
    "--sigma": (NEVER + POSITIVE, ["1e-9", "1e9", "0.5", "3"]),
    "--gamma": (NEVER + POSITIVE, ["1e-9", "1e9", "0.5", "3"]),
    "-n": ([*NEVER, *COUNTS, "2.5", "3,0", "0,3", "3,4097", "3,"], ["1", "07", "64", "3,5"]),
    "--max-pixels": (NEVER + COUNTS[:6], ["2000", "1000000"]),
    "-j": (NEVER + COUNTS[:6], ["1", "4"]),
    "--range": ([*NEVER, "1", "1,0", "1,1", "nan,1", "0,inf", "0,1e999", "0,1,2", ","], ["0,1", "-1,2.5"]),
    "--slice": (
        [*NEVER, "nan:1", "0:inf", "1:2:3", "0x1:5", "1_0:20", "5:3", "9:9"],
        ["1:9", "1:9,2:10", "-9:"],
    ),
}


def test_every_option_refuses_what_is_no_number():
    wrong, refused, accepted = [], 0, 0
    for option, (bad, good) in OPTIONS.items():
        for text in bad:
            result = invoke(
                "read", "a.png", f"{option}={text}" if option.startswith("--") else f"{option}{text}"
            )
            told = result.exit_code == 2 and option in result.stderr and len(result.stderr.splitlines()) == 1
            late = result.exit_code == 1 and "is empty on an axis" in result.stderr  # depends on the image
            refused += told or late
            wrong += [] if told or late else [(option, text, result.exit_code, result.stderr)]
            wrong += [(option, text, "an output")] if os.listdir() != ["a.png"] else []
        for text in good:
            result = invoke("read", "a.png", option, text, "-o", "b.png", "--overwrite")
            accepted += result.exit_code == 0
            wrong += [] if result.exit_code == 0 else [(option, text, result.exit_code, result.stderr)]
            Path("b.png").unlink(missing_ok=True)
    figure(
        "numbers",
        f"{refused} words refused with exit 2 and the option named, {accepted} accepted, "
        f"{len(wrong)} other verdicts, {len(OPTIONS)} options",
    )
    assert not wrong


def drawn(rng, shape):
    """A window anywhere within the limits, more often near the image."""
    far = rng.random() < 0.2
    spread = 1e9 if far else 3 * max(shape)
    gx, gy = rng.uniform(-spread, spread, 2)
    low, high = (-20, 20) if far else (-4, 5)
    delta, sigma = np.exp(rng.uniform(low, high, 2))
    n = tuple(int(k) for k in rng.integers(1, 20, 2))
    kernel, edge = rng.choice(KERNELS), rng.choice(EDGES)
    return Window(gx, gy, delta, sigma, n=n, kernel=str(kernel), edge=str(edge))


def test_every_window_gives_finite_pixels_in_range():
    rng, outside = np.random.default_rng(0), 0
    images = [rng.integers(10, 246, (k, 2 * k + 1), dtype=np.uint8) for k in (1, 5, 17)]
    images += [image.astype(np.float64) for image in images]
    with warnings.catch_warnings(), np.errstate(all="raise", under="ignore"):
        warnings.simplefilter("error")
        for k in range(2000):
            image = images[k % len(images)]
            window = drawn(rng, image.shape)
            patch = read(image, window)
            low = 0 if window.edge == "black" else int(image.min())
            slack = 1e-3 if image.dtype == np.uint8 else 1e-9
            inside = (
                np.isfinite(patch).all() and low - slack <= patch.min() <= patch.max() <= image.max() + slack
            )
            outside += not inside
    figure("random windows", f"2,000, {outside} with a pixel that is not finite or out of range, 0 warnings")
    assert outside == 0


WATCH = (
    "import re, runpy, sys, time\nsys.argv = ['glimpse', *sys.argv[1:]]\n"
    "try: runpy.run_module('glimpse', run_name='__main__')\n"
    "except SystemExit as end: code = end.code\n"
    "peak = int(re.search(r'VmHWM:\\s+(\\d+)', open('/proc/self/status').read())[1])\n"
    "print(code, peak // 1024, time.process_time())"
)


def watched(*args):
    """Exit code, peak memory in MB and seconds of CPU of a command."""
    done = subprocess.run([sys.executable, "-c", WATCH, *args], capture_output=True, text=True, timeout=60)
    code, peak, took = done.stdout.split()[-3:]
    return int(code), int(peak), float(took)


def test_work_is_bounded_before_it_starts(folder):
    patch = ["read", "a.png", "-o", "p.png", "-q"]
    assert invoke(*patch).exit_code == 0
    hostile = json.dumps({**GOOD, "shape": [65_535, 65_535]})
    Path("r.json").write_text(hostile)
    refused = [
        *[["read", "a.png", "-n", "4097"], ["read", "a.png", "-n", "9999999"]],
        *[["write", "p.png", "--canvas", "65536,1"], ["write", "p.png", "--canvas", "65535,65535"]],
        *[["write", "a.png", "--like", "r.json"]],
        *[["sweep", "a.png", "--delta", "1:9", "--frames", "9999", "--zoom", "512"]],
        *[["sweep", "a.png", "--delta", "1:9", "--frames", "9999", "-n", "4096", "--plain"]],
        *[["sweep", "a.png", "--delta", "1:9", "--frames", "10000"]],
    ]
    worst = [watched(*args) for args in refused]
    done = sum(code in (1, 2) for code, *_ in worst)
    memory, seconds = max(peak for _, peak, _ in worst), max(took for *_, took in worst)
    figure(
        "work refused before it starts", f"{done} of {len(worst)}, at most {memory} MB and {seconds:.1f} s"
    )
    assert done == len(worst)
    assert memory < 200
    assert seconds < 2


def test_wide_filters_take_no_gigabytes():
    Image.fromarray(np.zeros((2, 65_535), np.uint8)).save("wide.png")
    args = ["read", "wide.png", "-n", "1,4096", "--sigma", "1000000", "--delta", "1", "-q", "-o", "w.png"]
    _, memory, seconds = watched(*args)
    figure("4,096 filters, 65,535 pixels", f"{memory} MB, {seconds:.1f} s")
    assert memory < 1000


def with_texts(*texts, after=False):
    data = encoded(Image.fromarray(np.zeros((40, 40), np.uint8)))
    place = len(data) - 12 if after else 33
    return data[:place] + b"".join(chunk(b"tEXt", b"glimpse\0" + text) for text in texts) + data[place:]


def test_hostile_records_are_refused(folder):
    slowest, refused = 0.0, 0
    for text in HOSTILE.values():
        start = time.process_time()
        with pytest.raises(GlimpseError):
            parse_record(text)
        slowest, refused = max(slowest, time.process_time() - start), refused + 1
    good = json.dumps({**GOOD, "n": 40}).encode()
    files = {"one": (with_texts(good), True), "after the pixels": (with_texts(good, after=True), True)}
    files |= {"two": (with_texts(good, good), False), "one good, one bad": (with_texts(b"{}", good), False)}
    files |= {
        "two apart": (
            with_texts(good)[:-12] + with_texts(good, after=True)[-12 - 12 - 8 - len(good) :],
            False,
        )
    }
    files |= {f"{n:,} of them": (with_texts(*[good] * n), False) for n in (300, 300_000)}
    other = json.dumps({**GOOD, "n": 41}).encode()
    files |= {"of other pixels": (with_texts(other), False), "JSON of 9 MB": (b"{" + b" " * 9_000_000, False)}
    for name, (data, good_one) in files.items():
        (folder / "p.png").write_bytes(data)
        start = time.process_time()
        if good_one:
            assert load_record("p.png").window.n == 40
        else:
            with pytest.raises(GlimpseError):
                load_record("p.png")
            refused += 1
        slowest = max(slowest, time.process_time() - start)
        assert name
    figure("hostile records", f"{refused} of {refused} refused in one line, slowest {slowest * 1000:.0f} ms")
    assert refused >= 60
    assert slowest < 0.5


def test_a_record_is_never_opened(folder):
    (folder / "victim.png").write_bytes(b"x")
    named = json.dumps({**GOOD, "n": 40, "shape": [50, 60], "source": str(folder / "victim.png")}).encode()
    (folder / "p.png").write_bytes(with_texts(named))
    script = (
        "import sys; opened = []\n"
        "sys.addaudithook(lambda event, args: event == 'open' and opened.append(str(args[0])))\n"
        "from glimpse.cli import main\n"
        "try: main(['write', 'p.png', '-q', '-o', 'c.png'])\n"
        "except SystemExit: print(sum('victim' in name for name in opened), len(opened) > 10)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    figure("names in records", f"{done.stdout.split()[0]} of them opened")
    assert done.stdout.split() == ["0", "True"]
    assert (folder / "victim.png").read_bytes() == b"x"
    assert glimpse("info", "p.png").returncode == 0


def test_the_parser_knows_its_own():
    assert re.fullmatch(r"\{.*\}", FAR)
    assert parse_record(FAR).window.gx == 1
    assert limits.RECORD_BYTES == 65_536
