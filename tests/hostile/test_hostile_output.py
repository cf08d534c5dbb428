"""What comes out: whole or not at all, never over an input, and what signals leave behind."""

import json
import os
import random
import re
import resource
import shutil
import signal
import stat
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hostile_files import COMMAND, encoded, figure, files, glimpse, is_whole, noise, photo
from PIL import Image
from test_output_names import COLLISIONS

pytestmark = pytest.mark.hostile

SLOW = (  # every write takes 20 ms more, so that signals meet some
    "import os, time; sync = os.fsync; os.fsync = lambda handle: (time.sleep(0.02), sync(handle))\n"
    "from glimpse.__main__ import main; main()"
)
OLD = encoded(photo("L", 5, 7))


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def sources(count, rows=40, cols=50):
    os.mkdir("in")
    for k in range(count):
        Image.fromarray(noise(rows, cols, 3, seed=k)).save(f"in/{k:04d}.png", compress_level=0)
    return [f"in/{k:04d}.png" for k in range(count)]


def killed(signum, run, names):
    """Send a signal to a batch that is at work; return its exit code and stderr, and what it left."""
    out = Path(f"out-{signum}-{run}")
    out.mkdir()
    for name in names[::2]:
        (out / f"{Path(name).stem}-patch.png").write_bytes(OLD)
    command = [
        sys.executable,
        "-c",
        SLOW,
        "read",
        *names,
        "-o",
        f"{out}/",
        "-n",
        "200",
        "--overwrite",
        "-q",
        "-j",
        "4",
    ]
    with subprocess.Popen(command, stderr=subprocess.PIPE) as running:
        while running.poll() is None and not any(name.endswith(".tmp") for name in os.listdir(out)):
            time.sleep(0.002)
        time.sleep(random.Random(run).uniform(0, 0.1))
        running.send_signal(signum)
        err = running.communicate(timeout=20)[1]
    return running.returncode, err, files(out)


@pytest.mark.parametrize("signum", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_signal_leaves_whole_files_only(signum):
    names = sources(60)
    with ThreadPoolExecutor(3) as pool:
        runs = list(pool.map(lambda run: killed(signum, run, names), range(30)))
    left = [name for _, _, found in runs for name in found if name.endswith(".tmp")]
    finished = [data for _, _, found in runs for name, data in found.items() if not name.endswith(".tmp")]
    half = sum(not is_whole(data) for data in finished)
    lost = sum(f"{k:04d}-patch.png" not in found for _, _, found in runs for k in range(0, 60, 2))
    new = sum(data != OLD for data in finished)
    figure(
        f"{signal.Signals(signum).name} x 30",
        f"{half} half files of {len(finished)} ({new} new), {lost} of 900 old files lost, "
        f"{len(left)} temporary files left",
    )
    assert {code for code, _, _ in runs} == {-signum}
    assert not any(err for _, err, _ in runs)
    assert (half, lost) == (0, 0)
    assert signum == signal.SIGKILL or not left
    assert new > 30


@pytest.fixture
def small_disk(folder):
    """A disk of 128 kB, or a limit on the size of files where none can be mounted."""
    disk = folder / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=128k", "tmpfs", disk], capture_output=True)
    if mounted.returncode:
        pytest.skip("a disk can be mounted by root only")
    yield disk
    subprocess.run(["umount", "-l", disk], check=True)


def test_a_full_disk_costs_no_old_file(small_disk):
    names = sources(6)
    for name in names:
        (small_disk / f"{Path(name).stem}-patch.png").write_bytes(OLD)
    done = glimpse("read", *names, "-o", f"{small_disk}/", "-n", "300", "--overwrite", "-q")
    found = files(small_disk)
    told = done.stderr.decode().splitlines()
    sweep = glimpse("sweep", names[0], "--gx", "1:30", "-o", small_disk / "s.gif")
    figure(
        "full disk (tmpfs)",
        f"{sum(data == OLD for data in found.values())} of 6 old files there, {len(found) - 6} others left, "
        f"exit {done.returncode}; a sweep: exit {sweep.returncode}, no file",
    )
    assert found == {f"{k:04d}-patch.png": OLD for k in range(6)}
    assert done.returncode == 1
    assert all("no space left on device" in line for line in told[:-1])
    assert told[-2:] == [
        "glimpse: 6 files failed alike: no space left on device",
        "glimpse: 6 of 6 files failed",
    ]
    assert sweep.returncode == 1
    assert files(small_disk).keys() == found.keys()


def test_a_limit_on_file_sizes_costs_no_old_file():
    names = sources(6)
    os.mkdir("out")
    for name in names:
        Path(f"out/{Path(name).stem}-patch.png").write_bytes(OLD)
    limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))  # noqa: E731
    done = glimpse("read", *names, "-o", "out/", "-n", "300", "--overwrite", "-q", preexec_fn=limit)
    kept = sum(data == OLD for data in files("out").values())
    figure(
        "full disk (RLIMIT_FSIZE)", f"{kept} of 6 old files there, {len(os.listdir('out')) - 6} others left"
    )
    assert files("out") == {f"{k:04d}-patch.png": OLD for k in range(6)}
    assert done.returncode == 1
    assert done.stderr.decode().splitlines()[-1] == "glimpse: 6 of 6 files failed"


def aliases():
    os.symlink("a.png", "link.png")
    os.link("a.png", "hard.png")
    os.symlink(".", "here")
    return ["a.png", "./a.png", os.path.abspath("a.png"), "link.png", "hard.png", "here/a.png"]


def test_an_input_is_never_replaced(folder):
    (folder / "a.png").write_bytes(OLD)
    refused, tried = 0, 0
    for name in aliases():
        for args in (
            ["read", "a.png"],
            ["show", "a.png"],
            ["write", "a.png", "--canvas", "9,9", "--delta", "1"],
        ):
            done = glimpse(*args, "-o", name, "--overwrite")
            tried += 1
            refused += done.returncode == 2 and b"an input is never replaced" in done.stderr
            assert (folder / "a.png").read_bytes() == OLD
    figure(
        "output = input", f"{refused} of {tried} refused (six names of it, three commands), 0 inputs changed"
    )
    assert refused == tried


def test_two_inputs_for_one_output_are_refused(folder):
    refused = 0
    for k, (inputs, output, named) in enumerate(COLLISIONS.values()):
        place = folder / str(k)
        (place / "b").mkdir(parents=True)
        (place / "link").symlink_to("b")
        for name in inputs:
            (place / name).write_bytes(OLD)
        before = sorted(place.rglob("*"))
        done = glimpse("read", *inputs, "-o", output, "--overwrite", cwd=place)
        refused += done.returncode == 2 and all(name in done.stderr.decode() for name in named)
        assert sorted(place.rglob("*")) == before
    figure("collisions", f"{refused} of {len(COLLISIONS)} refused before any work, both inputs named")
    assert refused == len(COLLISIONS)


def test_existing_files_links_and_modes(folder):
    (folder / "a.png").write_bytes(OLD)
    right = 0
    for umask, mode in ((0o022, 0o644), (0o077, 0o600), (0o002, 0o664), (0o000, 0o666)):
        glimpse(
            "read", "a.png", "-o", f"new{umask}.png", preexec_fn=lambda mask=umask: os.umask(mask) and None
        )
        right += stat.S_IMODE((folder / f"new{umask}.png").stat().st_mode) == mode
    for mode in (0o600, 0o640, 0o444, 0o666):
        old = folder / f"old{mode}.png"
        old.write_bytes(b"old")
        old.chmod(mode)
        assert glimpse("read", "a.png", "-o", old).returncode == 2
        assert old.read_bytes() == b"old"
        assert glimpse("read", "a.png", "-o", old, "--overwrite").returncode == 0
        right += stat.S_IMODE(old.stat().st_mode) == mode and old.read_bytes() != b"old"
    (folder / "real.png").write_bytes(b"real")
    for target in ("real.png", "nowhere.png"):
        link = folder / f"link-{target}"
        link.symlink_to(target)
        assert glimpse("read", "a.png", "-o", link).returncode == 2
        assert glimpse("read", "a.png", "-o", link, "--overwrite").returncode == 0
        right += not link.is_symlink() and (folder / "real.png").read_bytes() == b"real"
    figure(
        "modes and links",
        f"{right} of 10 as promised (4 umasks, 4 old modes, 2 links replaced and not followed)",
    )
    assert right == 10
    assert not (folder / "nowhere.png").exists()


def test_the_same_bytes_whatever_the_number_of_jobs():
    names = sources(12)
    for jobs in ("1", "2", "7"):
        assert glimpse("read", *names, "-o", f"out{jobs}/", "-j", jobs).returncode == 0
    time.sleep(1.1)  # a time stamp would show
    assert glimpse("read", *names, "-o", "later/", "-j", "3").returncode == 0
    same = sum(files(f"out{jobs}") == files("later") for jobs in ("1", "2", "7"))
    figure("same bytes", f"{same} of 3 runs with 1, 2 and 7 jobs the same as one a second later with 3")
    assert same == 3


def test_of_a_thousand_files_the_bad_one_fails_alone(folder):
    names = sources(1000, 8, 9)
    (folder / names[500]).write_bytes(b"no picture")
    start = time.perf_counter()
    done = glimpse("read", *names, "-o", "out/", "-n", "8")
    took = time.perf_counter() - start
    said = done.stderr.decode().splitlines()
    figure(
        "1,000 files, 1 unreadable",
        f"{len(os.listdir('out'))} out, exit {done.returncode}, '{said[-1]}', {took:.1f} s",
    )
    assert len(os.listdir("out")) == 999
    assert (done.returncode, said[-1]) == (1, "glimpse: 1 of 1000 files failed")
    assert sum(line.startswith(f"glimpse: {names[500]}: ") for line in said) == 1
    assert said[1:-1] == ["glimpse: 999 patches in out/"]


@pytest.mark.parametrize("jobs", ["1", "4"])
def test_ctrl_c_ends_a_batch_at_once(jobs):
    names = sources(400)
    slowest, more = 0.0, 0
    for run in range(5):
        out = Path(f"out{run}")
        out.mkdir()
        command = [*COMMAND, "read", *names, "-o", f"{out}/", "-n", "400", "-j", jobs]
        with subprocess.Popen(command, stderr=subprocess.PIPE) as running:
            while not os.listdir(out):
                time.sleep(0.005)
            time.sleep(0.05 * run)
            before, start = len(os.listdir(out)), time.perf_counter()
            running.send_signal(signal.SIGINT)
            time.sleep(0.01)
            running.send_signal(signal.SIGINT)  # a second one is harmless
            err = running.communicate(timeout=10)[1].decode()
        slowest, more = max(slowest, time.perf_counter() - start), max(more, len(os.listdir(out)) - before)
        assert running.returncode == -signal.SIGINT
        assert "Traceback" not in err
        assert "Abort" not in err
        assert all(map(is_whole, files(out).values()))
    figure(
        f"Ctrl-C, {jobs} jobs",
        f"5 of 5 ended by SIGINT, slowest {slowest:.2f} s, at most {more} files after it, no traceback",
    )
    assert slowest < 1
    assert more <= int(jobs) + 1


def test_the_shell_sees_how_it_ended(folder):
    (folder / "a.png").write_bytes(encoded(photo("RGB", 600, 800)))
    run = f"{' '.join(COMMAND)} sweep a.png --delta 1:8 --frames 2000 --max-pixels 9999999999 -q -o s.gif"
    codes = {}
    for signum in (signal.SIGINT, signal.SIGTERM):
        line = f"sh -c 'echo $$ > pid; exec {run}'; echo $?"
        with subprocess.Popen(["bash", "-c", line], stdout=subprocess.PIPE, text=True) as shell:
            time.sleep(1)
            os.kill(int((folder / "pid").read_text()), signum)
            codes[signum.name] = int(shell.communicate(timeout=20)[0])
    pipe = f"set -o pipefail; {{ {' '.join(COMMAND)} read a.png -o - -n 2000; echo $? >&2; }} | true"
    done = subprocess.run(["bash", "-c", pipe], capture_output=True, text=True)
    codes["PIPE"] = int(done.stderr.split()[-1])
    figure("exit codes in the shell", f"{codes}, no word on stderr")
    assert codes == {"SIGINT": 130, "SIGTERM": 143, "PIPE": 141}
    assert done.stderr.strip() == "141"
    assert not os.path.exists("s.gif")


NAMES = [
    "new\nline.png",
    "\x1b[31mred.png",
    b"bad\xff\xfeutf8.png",
    "tab\t.png",
    "\u202egnp.exe.png",
    "\x07bell.png",
]
NAMES += ["{stem}.png", "100%d.png", " space .png", "\u0661\u0662.png", "-dash.png", "a" * 240 + ".png"]


def test_file_names_are_one_line_each():
    printable = 0
    for name in NAMES:
        for exists in (False, True):
            if exists:
                Path(os.fsdecode(name)).write_bytes(OLD)
            output = ["-o", f"{exists}.png"]
            done = glimpse("read", *(output if exists else []), "--", name)
            text = done.stderr.decode()
            assert done.returncode == (0 if exists else 1), text
            lines = text.splitlines()
            printable += len(lines) == 1 and all(c.isprintable() for c in lines[0])
        assert json.loads(glimpse("info", "True.png").stdout)["source"] == os.fsdecode(name)
        os.unlink("True.png")
        os.unlink(name)
    figure(
        "file names in messages",
        f"{printable} of {2 * len(NAMES)} messages are one line of printable characters",
    )
    assert printable == 2 * len(NAMES)


BROKEN = """
import glimpse.batch.patches
glimpse.batch.patches.Work = None
from glimpse.__main__ import main
main()
"""


def test_what_no_rule_covers_is_70(folder):
    (folder / "a.png").write_bytes(OLD)
    plain, debug = (
        subprocess.run(
            [sys.executable, "-c", BROKEN, *flags, "read", "a.png"], capture_output=True, text=True
        )
        for flags in ([], ["-v", "--debug"])
    )
    figure(
        "internal errors",
        f"exit {plain.returncode}, {len(plain.stderr.splitlines())} line; with --debug a traceback",
    )
    assert plain.returncode == 70
    assert re.fullmatch(r"glimpse: internal error: TypeError: .*; run with glimpse --debug\n", plain.stderr)
    assert "Traceback" in debug.stderr
    assert "TypeError" in debug.stderr


def test_a_hung_up_terminal_leaves_nothing():
    names = sources(60)
    code, err, found = killed(signal.SIGHUP, 0, names)
    assert (code, err) == (-signal.SIGHUP, b"")
    assert not [name for name in found if name.endswith(".tmp")]
    shutil.rmtree("in")


SLOW_END = """
import itertools, os, time
opened, kill, turn = os.open, os.kill, itertools.count(1)
def one_after_the_other(name, *rest):
    if str(name).endswith(".tmp"):
        time.sleep(0.1 * next(turn))
    return opened(name, *rest)
os.open, os.fsync = one_after_the_other, lambda handle: time.sleep(9)
os.kill = lambda *how: (time.sleep(0.6), kill(*how))
from glimpse.__main__ import main
main()
"""


def test_no_thread_begins_a_file_while_the_process_ends():
    names = sources(40)
    os.mkdir("out")
    command = [sys.executable, "-c", SLOW_END, "read", *names, "-o", "out/", "-n", "8", "-q", "-j", "4"]
    with subprocess.Popen(command) as running:
        while not os.listdir("out"):
            time.sleep(0.005)
        running.send_signal(signal.SIGINT)
    assert running.returncode == -signal.SIGINT
    assert not [name for name in os.listdir("out") if name.endswith(".tmp")]


EARLY = """
import builtins, os, signal
real = builtins.__import__
def imported(name, *rest, **more):
    if name == "click":
        os.kill(os.getpid(), signal.SIGINT)
    return real(name, *rest, **more)
builtins.__import__ = imported
import glimpse.__main__
"""


def test_ctrl_c_during_the_imports_makes_no_traceback():
    done = subprocess.run([sys.executable, "-c", EARLY], capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (-signal.SIGINT, b"")
