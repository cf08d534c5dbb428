"""The frame of every command, in real processes: exit codes, streams, signals, terminals, start-up."""

import contextlib
import os
import pty
import re
import signal
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import click
import numpy as np
import pytest
from helpers import invoke, lines, noise, opened, process, save
from PIL import Image

from glimpse import GlimpseError
from glimpse.batch.outcomes import Outcome
from glimpse.cli import main, signals

COMMANDS = ["read", "write", "sweep", "show", "locate", "info"]
WINDOWED = ["read", "write", "sweep", "show", "locate"]


# Start-up and help


def test_help_and_completion_import_no_heavy_library():
    names = ", ".join(f"glimpse.cli.{name}" for name in COMMANDS)
    code = f"import sys, {names}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "glimpse.cli.sweep" in done.stdout.split()
    assert not {"numpy", "scipy", "PIL", "imageio"} & set(done.stdout.split())


@pytest.mark.parametrize("option", ["-h", "--help"])
def test_help_says_which_commands_there_are(option):
    result = invoke(option)
    assert result.exit_code == 0
    assert {*re.findall(r"^  (\w+)  ", result.stdout, re.MULTILINE)} >= {*COMMANDS}
    assert not result.stderr


@pytest.mark.parametrize("command", WINDOWED)
@pytest.mark.parametrize("option", ["-h", "--help"])
def test_help_of_a_command_says_which_axis_is_which(command, option):
    result = invoke(command, option)
    words = " ".join(result.stdout.split())
    assert result.exit_code == 0
    assert "--gx, --row ROW Centre row, counted DOWN" in words
    assert "--gy, --col COL Centre column, counted ACROSS" in words
    assert max(map(len, lines(result.stdout))) <= 100


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_and_command_has_help(command):
    found = main.get_command(click.Context(main), command)
    for parameter in found.params:
        assert parameter.param_type_name == "argument" or parameter.help
    assert found.help


def test_version_is_the_packages():
    from importlib.metadata import PackageNotFoundError, version

    try:
        expected = version("glimpse-crop")
    except PackageNotFoundError:
        pytest.skip("the package is not installed")
    assert invoke("--version").stdout == f"glimpse {expected}\n"


def test_without_a_command_help_is_shown_in_lines():
    result = invoke()
    assert result.exit_code in (0, 2)
    assert len(lines(result.output)) > 10
    assert "\\n" not in result.output


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts_are_generated(shell):
    done = invoke(env={"_GLIMPSE_COMPLETE": f"{shell}_source"})
    assert "_GLIMPSE_COMPLETE" in done.stdout
    assert (done.exit_code, done.stderr) == (0, "")


def test_completion_knows_the_commands():
    code = "import sys; sys.argv[0] = 'glimpse'; from glimpse.cli import main; main()"
    environment = {"_GLIMPSE_COMPLETE": "bash_complete", "COMP_WORDS": "glimpse s", "COMP_CWORD": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | environment, capture_output=True, check=True
    )
    assert {*done.stdout.split()} == {b"plain,show", b"plain,sweep"}


# Usage errors: one line that names the option, exit 2

USAGE = {
    "no image": (["read"], "read: Missing argument 'IMAGE...'"),
    "no such command": (["crop", "a.png"], "No such command 'crop'; there are read, .*read crops"),
    "no such option": (["read", "a.png", "--angle", "3"], "No such option '--angle'|No such option: --angle"),
    "a value missing": (["read", "a.png", "--gx"], "'--gx' requires an argument"),
    "gx nan": (
        ["read", "a.png", "--gx", "nan"],
        "'--gx'.*'nan' is not a plain finite number such as 2.5, or 50%",
    ),
    "gx inf": (["read", "a.png", "--gx", "inf"], "'--gx'.*not a plain finite number"),
    "gx 1e999": (["read", "a.png", "--gx", "1e999"], "'--gx'.*not a plain finite number"),
    "gx 1_0": (["read", "a.png", "--gx", "1_0"], "'--gx'.*not a plain finite number"),
    "gx arabic": (["read", "a.png", "--gx", "١"], "'--gx'.*not a plain finite number"),
    "gx twice percent": (["read", "a.png", "--gx", "5%%"], "'--gx'.*not a plain finite number"),
    "gx a range": (["read", "a.png", "--gx", "1:5"], "'--gx'.*not a plain finite number"),
    "row too far": (["read", "a.png", "--row", "1e10"], "'--gx' / '--row'.*-1e.09 to 1e.09"),
    "delta 0": (["read", "a.png", "--delta", "0"], "'--delta'.*must be > 0, got 0"),
    "sigma negative": (["read", "a.png", "--sigma", "-1"], "'--sigma'.*must be > 0, got -1"),
    "gamma tiny": (["read", "a.png", "--gamma", "1e-30"], "'--gamma'.*1e-09 to 1e.09"),
    "n 0": (["read", "a.png", "-n", "0"], "'-n'.*1 to 4096"),
    "n 5000": (["read", "a.png", "-n", "5000"], "'-n'.*1 to 4096"),
    "n 2.5": (["read", "a.png", "-n", "2.5"], "'-n'.*'2.5' is not a number of filters such as 40"),
    "n of three": (["read", "a.png", "-n", "2,3,4"], "'-n'.*'2,3,4' is not a number of filters"),
    "kernel": (["read", "a.png", "--kernel", "lanczos"], "'--kernel'.*'gaussian', 'box'"),
    "edge": (["read", "a.png", "--edge", "wrap"], "'--edge'.*'extend', 'black'"),
    "slice": (["read", "a.png", "--slice", "abc"], "--slice.*'abc' is not a slice"),
    "slice with gx": (
        ["read", "a.png", "--slice", ":,:", "--gx", "3"],
        r"--slice says where.*leave out --gx \(--row\)",
    ),
    "range": (["read", "a.png", "--range", "1,0"], "'--range'.*not two rising numbers"),
    "max-pixels": (["read", "a.png", "--max-pixels", "0"], "'--max-pixels'"),
    "jobs": (["read", "a.png", "-j", "0"], "'-j'"),
    "jobs of many digits": (["read", "a.png", "-j", "1" * 4500], "'-j'.*is not a whole number from 1"),
    "like missing": (["read", "a.png", "--like", "none.png"], "--like none.png: no such file"),
    "like an image": (["read", "a.png", "--like", "a.png"], "--like a.png: it carries no record"),
    "nothing changes": (
        ["sweep", "a.png"],
        "nothing changes; write a number as a range first:last.*--delta 1:8",
    ),
    "three ends": (["sweep", "a.png", "--delta", "1:2:3"], "'--delta'.*write first:last, such as 1:8"),
    "an open end": (["sweep", "a.png", "--delta", "1:"], "'--delta'.*write first:last, such as 1:8"),
    "an end at 0": (["sweep", "a.png", "--delta", "0:8"], "'--delta'.*> 0.*first:last, such as 1:8"),
    "dashes": (["sweep", "a.png", "--sigma", "1-8"], "'--sigma'.*written first:last, such as 1:8"),
    "frames 0": (["sweep", "a.png", "--delta", "1:2", "--frames", "0"], "'--frames'"),
    "fps nan": (["sweep", "a.png", "--delta", "1:2", "--fps", "nan"], "'--fps'"),
    "hold nan": (["sweep", "a.png", "--delta", "1:2", "--hold", "nan"], "'--hold'"),
    "gain 0": (["write", "a.png", "--gain", "0"], "'--gain'.*> 0"),
    "method": (["write", "a.png", "--method", "magic"], "'--method'"),
    "canvas of nothing": (["write", "a.png", "--canvas", "0,5"], "--canvas.*rows.* above 0, got 0"),
    "canvas too large": (["write", "a.png", "--canvas", "70000,5"], "--canvas.*70000 x 5"),
    "an empty output": (["read", "a.png", "-o", ""], r"^(?!.*/a-patch).*-o"),
    "output a text": (
        ["read", "a.png", "-o", "b.txt"],
        "-o b.txt: the name must end in .png, .*or .npy, or in / for",
    ),
    "a show in npy": (["show", "a.png", "-o", "b.npy"], "must end in .png"),
    "a sweep in jpeg": (["sweep", "a.png", "--gx", "1:2", "-o", "b.jpg"], "must end in .gif, .webp"),
    "stills in npy": (["sweep", "a.png", "--gx", "1:2", "-o", "{index}.npy"], "must end in .png"),
    "one file for two": (
        ["read", "a.png", "b.png", "-o", "c.png"],
        r"one name for 2 inputs.*\(c/\) or a",
    ),
    "no output for two": (["read", "a.png", "b.png"], "2 inputs need -o with a folder"),
    "standard input twice": (["read", "-", "-", "-o", "out/"], "give '-' once"),
}


@pytest.mark.parametrize(("args", "message"), USAGE.values(), ids=USAGE)
def test_wrong_usage_is_told_in_one_line_and_nothing_is_done(args, message, image, folder):
    result = invoke(*args)
    assert result.exit_code == 2
    assert not result.stdout
    (line,) = lines(result.stderr)
    assert re.search(message, line)
    assert line.startswith("glimpse")
    assert os.listdir(folder) == ["a.png"]


@pytest.mark.parametrize("name", ["sigma", "gamma"])
def test_a_refused_number_is_called_by_its_own_name(name, image):
    result = invoke("read", image, f"--{name}", "-1")
    assert f"{name} must be > 0, got -1" in result.stderr
    assert "delta must" not in result.stderr


def test_the_range_of_gy_is_not_told_as_that_of_gx(image):
    assert "gx must" not in invoke("read", image, "--gy", "1e10").stderr


# Failures: one line each, exit 1


def test_a_failed_image_is_one_line_on_stderr_and_exit_1(folder):
    (folder / "bad.png").write_bytes(b"no picture")
    done = invoke("read", "bad.png")
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr == (
        "glimpse: bad.png: not an image of a known format (PNG, JPEG, GIF, TIFF, BMP, WEBP, AVIF, PPM, NPY)\n"
    )
    assert os.listdir(folder) == ["bad.png"]


def odd_inputs(folder):
    os.mkfifo("fifo.png")
    (folder / "folder.png").mkdir()
    (folder / "empty.png").touch()
    (folder / "dangling.png").symlink_to("nowhere.png")
    (folder / "zero.png").symlink_to("/dev/zero")
    return ["fifo.png", "folder.png", "empty.png", "dangling.png", "zero.png", "missing.png"]


def test_bad_files_among_good_ones_cost_only_themselves(folder, image):
    names = odd_inputs(folder)
    other = save("b.png", noise(7, 5, seed=1))
    done = invoke("read", image, *names, other, "-o", "out/")
    assert done.exit_code == 1
    told = lines(done.stderr)
    assert sorted(os.listdir("out")) == ["a-patch.png", "b-patch.png"]
    assert [line.split(": ")[1] for line in told[1:-2]] == names
    assert all(line.startswith("glimpse: ") for line in told[1:-2])
    assert told[-1] == "glimpse: 6 of 8 files failed"
    assert len(told) == 9


def test_file_names_are_escaped_in_messages(folder):
    name = "a\n\x1b[31mb\udcff.png"
    result = invoke("read", name)
    assert result.exit_code == 1
    assert result.stderr == "glimpse: a\\n\\x1b[31mb\\udcff.png: no such file or directory\n"


def test_a_signal_that_comes_out_as_another_error_still_ends_the_process(monkeypatch, image):
    import glimpse.attention.layer

    def broken(*_, **__):
        monkeypatch.setattr(signals, "received", [signal.SIGTERM])
        raise RuntimeError("release unlocked lock")

    def died(signum):
        raise SystemExit(128 + signum)

    monkeypatch.setattr(glimpse.attention.layer, "read_many", broken)
    monkeypatch.setattr(signals, "die", died)
    result = invoke("read", image)
    assert (result.exit_code, result.stderr) == (143, "")


def test_an_internal_error_says_how_to_see_more_and_exits_70(monkeypatch, image):
    import glimpse.attention.layer

    def broken(*_, **__):
        raise ZeroDivisionError("two\nlines")

    monkeypatch.setattr(glimpse.attention.layer, "read_many", broken)
    result = invoke("read", image)
    assert result.exit_code == 70
    (line,) = lines(result.stderr)
    assert line == "glimpse: internal error: ZeroDivisionError: two\\nlines; run with glimpse --debug"


def test_quiet_says_nothing_but_failures(folder, image):
    assert invoke("read", image, "-q").output == ""
    result = invoke("read", image, "none.png", "-q", "-o", "out/")
    assert (result.exit_code, result.stdout) == (1, "")
    assert lines(result.stderr) == [
        "glimpse: none.png: no such file or directory",
        "glimpse: 1 of 2 files failed",
    ]


# Pipes, full disks and closed streams

INFO = pytest.param(["info", "p.png"], marks=pytest.mark.slow)


def test_a_pipe_goes_in_and_a_pipe_comes_out(image):
    done = process("read", "-", "-o", "-", stdin=Path(image).read_bytes())
    invoke("read", image, "-o", "p.png")
    np.testing.assert_array_equal(opened(done.stdout), opened("p.png"))
    assert done.stderr.startswith(
        b"-: 64 x 64 patch, row 14.5 (gx), col 21.5 (gy), delta 0.46875, sigma 0.5 -> -\n"
    )


def test_standard_input_alone_goes_to_standard_output(image):
    data = Path(image).read_bytes()
    for command, extra in (
        ("read", []),
        ("show", ["--width", "400"]),
        ("sweep", ["--gx", "1:2", "--frames", "2", "-n", "4", "--plain"]),
    ):
        result = invoke(command, "-", *extra, stdin=data)
        assert opened(result.stdout_bytes).ndim >= 2
    patch = invoke("read", "-", stdin=data).stdout_bytes
    assert opened(invoke("write", "-", stdin=patch).stdout_bytes).shape == (30, 44, 3)


@pytest.mark.parametrize("args", [["read", "a.png", "-o", "-"], INFO, ["--help"], ["--version"]])
def test_a_full_disk_behind_standard_output_is_told_in_one_line(args, image):
    invoke("read", image, "-o", "p.png")
    with open("/dev/full", "wb") as full:
        done = process(*args, code=1, stdout=full)
    assert lines(done.stderr)[-1].endswith("no space left on device")


@pytest.mark.skipif(sys.platform == "win32", reason="no signals")
@pytest.mark.parametrize("args", [["read", "a.png", "-o", "-"], INFO])
def test_a_closed_pipe_is_quiet(args, image):
    invoke("read", image, "-o", "p.png")
    reader, writer = os.pipe()
    os.close(reader)
    done = process(*args, code=-signal.SIGPIPE, stdout=writer)
    os.close(writer)
    assert not done.stderr


def test_standard_input_that_is_closed_is_a_failed_file():
    done = subprocess.run(
        ["sh", "-c", f"{sys.executable} -m glimpse read - -o p.png <&-"], capture_output=True, check=False
    )
    assert done.returncode == 1
    assert lines(done.stderr)[-1].startswith("glimpse: -: ")


def test_a_closed_stderr_costs_nothing(image):
    other = save("b.png", noise(5, 7))
    command = f"{sys.executable} -m glimpse read {image} {other} -o out/ 2>&-"
    assert subprocess.run(["sh", "-c", command], check=False).returncode == 0
    assert sorted(os.listdir("out")) == ["a-patch.png", "b-patch.png"]


# Signals


AT_WORK = """
import os
from glimpse.attention import layer
read_many = layer.read_many
layer.read_many = lambda *args, **options: (os.write(1, b"r"), read_many(*args, **options))[1]
from glimpse.cli import main

main()
"""


@pytest.mark.parametrize("signum", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.slow)])
def test_a_signal_ends_the_work_at_once_and_the_shell_sees_it(signum, folder):
    save("big.png", noise(400, 600, 3))
    how = ["--delta", "1:8", "--frames", "2999", "--plain", "-o", "out.gif"]
    command = [sys.executable, "-c", AT_WORK, "sweep", "big.png", *how]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE) as running:
        assert running.stdout.read(1) == b"r"  # of 2999 patches the first
        running.send_signal(signum)
        out, err = running.communicate(timeout=60)
    assert running.returncode == -signum
    assert (out.strip(b"r"), err) == (b"", b"")
    assert os.listdir(folder) == ["big.png"]


SLOW_DISK = """
import os, time
os.fsync = lambda handle: (os.write(1, b"w"), time.sleep(20))
from glimpse.cli import main

main()
"""


@pytest.mark.parametrize(
    ("signum", "jobs"),
    [
        (signal.SIGTERM, 2),
        pytest.param(signal.SIGINT, 1, marks=pytest.mark.slow),
        pytest.param(signal.SIGINT, 2, marks=pytest.mark.slow),
        pytest.param(signal.SIGTERM, 1, marks=pytest.mark.slow),
    ],
)
def test_a_signal_amid_a_write_leaves_no_temporary_file(signum, jobs, folder):
    names = [save(f"{i}.png", noise(9, 7, seed=i)) for i in range(2)]
    command = [sys.executable, "-c", SLOW_DISK, "read", *names, "-o", "out/", "-j", str(jobs)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE) as running:
        assert running.stdout.read(1) == b"w"
        running.send_signal(signum)
        _, err = running.communicate(timeout=60)
    assert (running.returncode, err) == (-signum, b"")
    assert os.listdir("out") == []


ENDING = [signal.SIGQUIT, signal.SIGXCPU, signal.SIGUSR1, signal.SIGALRM, signal.SIGHUP]


@pytest.mark.hostile
@pytest.mark.parametrize("signum", ENDING)
def test_other_signals_leave_no_temporary_file_either(signum, folder):
    name = save("a.png", noise(9, 7))
    command = [sys.executable, "-c", SLOW_DISK, "read", name, "-o", "out/"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE) as running:
        assert running.stdout.read(1) == b"w"
        running.send_signal(signum)
        _, err = running.communicate(timeout=60)
    assert (running.returncode, err) == (-signum, b"")
    assert os.listdir("out") == []


@pytest.mark.hostile
@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_that_is_ignored_by_inheritance_stays_ignored(signum, image):
    code = "import os, time; os.fsync = lambda handle: (os.write(1, b'w'), time.sleep(0.5))\n"
    command = [
        sys.executable,
        "-c",
        f"{code}from glimpse.__main__ import main; main()",
        "read",
        image,
        "-o",
        "p.png",
    ]
    ignore = lambda: signal.signal(signum, signal.SIG_IGN)  # noqa: E731
    with subprocess.Popen(
        command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, preexec_fn=ignore
    ) as running:
        assert running.stdout.read(1) == b"w"
        running.send_signal(signum)
        running.communicate(timeout=60)
    assert running.returncode == 0
    assert os.path.exists("p.png")


@pytest.mark.hostile
def test_ctrl_c_during_the_decoding_of_one_large_file_ends_within_a_second(folder):
    Image.fromarray(np.tile(noise(900, 900, 3), (10, 10, 1))).save("big.png", compress_level=1)
    with subprocess.Popen([sys.executable, "-m", "glimpse", "read", "big.png", "-o", "p.png"]) as running:
        time.sleep(0.5)  # the decoding takes longer
        assert running.poll() is None
        start = time.perf_counter()
        running.send_signal(signal.SIGINT)
        running.wait(timeout=60)
    assert running.returncode == -signal.SIGINT
    assert time.perf_counter() - start < 1
    assert os.listdir(folder) == ["big.png"]


# Streams that take nothing, and variables that mean nothing


@pytest.mark.hostile
def test_a_full_disk_behind_stderr_changes_no_exit_code_and_stops_no_batch(image):
    with open("/dev/full", "wb") as full:
        process("read", image, save("b.png", noise(5, 7)), "-o", "out/", stderr=full)
        assert sorted(os.listdir("out")) == ["a-patch.png", "b-patch.png"]
        process("read", image, "none.png", "-o", "out/", "--overwrite", stderr=full, code=1)


@pytest.mark.parametrize(
    "command", ["info p.png", pytest.param("locate a.png p.png", marks=pytest.mark.slow)]
)
def test_a_closed_standard_output_is_an_error(command):
    Image.fromarray(noise(8, 12, 3)).resize((88, 60)).save("a.png")
    assert invoke("read", "a.png", "-n", "24", "--delta", "2", "-o", "p.png").exit_code == 0
    done = subprocess.run(
        ["sh", "-c", f"{sys.executable} -m glimpse {command} >&-"], capture_output=True, check=False
    )
    assert (done.returncode, done.stderr) == (1, b"glimpse: standard output: closed\n")


@pytest.mark.parametrize("value", ["foo", "bash_complete", "bash_foo"])
def test_bogus_completion_variables_are_wrong_usage(value):
    done = invoke(env={"_GLIMPSE_COMPLETE": value})
    assert done.exit_code == 2
    assert done.stderr.startswith("glimpse: _GLIMPSE_COMPLETE is set, as a shell does")
    assert len(lines(done.stderr)) == 1


@pytest.mark.hostile
@pytest.mark.parametrize("megabytes", [150, 200, 230, 250, 270, 300])
def test_under_a_tight_memory_limit_every_end_has_a_line(megabytes, image):
    resource = pytest.importorskip("resource")
    limit = lambda: resource.setrlimit(resource.RLIMIT_AS, (megabytes << 20,) * 2)  # noqa: E731
    command = [sys.executable, "-m", "glimpse", "locate", image, image]
    done = subprocess.run(command, preexec_fn=limit, capture_output=True, check=False, timeout=60)
    assert done.stderr
    assert b"Traceback" not in done.stderr


# One item never ends a batch


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (MemoryError(), "not enough memory"),
        (RecursionError(), "nested too deeply"),
        (OSError(5, "Input/output error"), "input/output error"),
        (ZeroDivisionError("x"), "internal error: ZeroDivisionError: x; run with glimpse --debug"),
    ],
)
@pytest.mark.parametrize(
    "where", ["glimpse.io.load_picture", "glimpse.attention.layer.read_many", "glimpse.io.save_still"]
)
def test_whatever_is_raised_by_one_item_is_its_line_and_the_others_come_out(
    error, told, where, image, monkeypatch
):
    import importlib

    module, name = where.rsplit(".", 1)
    real, calls = getattr(importlib.import_module(module), name), []

    def failing(*args, **options):
        calls.append(1)
        if len(calls) == 2:
            raise error
        return real(*args, **options)

    monkeypatch.setattr(f"{where}", failing)
    names = [image, save("b.png", noise(5, 7)), save("c.png", noise(6, 7))]
    result = invoke("read", *names, "-o", "out/", "-j", "1")
    assert result.exit_code == 1
    assert sorted(os.listdir("out")) == ["a-patch.png", "c-patch.png"]
    assert [line for line in lines(result.stderr) if line.startswith("glimpse: b.png")] == [
        f"glimpse: b.png: {told}"
    ]


# Terminals


def on_terminal(*args):
    """What a command, run within this process, says on a terminal, and its exit code."""
    leader, follower = pty.openpty()
    said, handler = bytearray(), signal.getsignal(signal.SIGTERM)

    def listen():
        with contextlib.suppress(OSError):  # EIO: the other end is closed
            while data := os.read(leader, 65536):
                said.extend(data)

    ears = threading.Thread(target=listen)
    ears.start()
    try:
        with (
            open(follower, "w", buffering=1) as terminal,
            contextlib.redirect_stdout(terminal),
            contextlib.redirect_stderr(terminal),
            pytest.raises(SystemExit) as end,
        ):
            main(list(map(str, args)), prog_name="glimpse")
    finally:
        signal.signal(signal.SIGTERM, handler)
        ears.join()
        os.close(leader)
    return said.decode(), end.value.code


@pytest.mark.parametrize(
    "args",
    [
        ["read", "a.png", "-o", "-"],
        ["sweep", "a.png", "--gx", "1:2", "-o", "-"],
    ],
)
def test_bytes_are_refused_to_a_terminal(args, image):
    said, code = on_terminal(*args)
    assert code == 2
    assert "standard output is a terminal; redirect it or give -o FILE" in said
    assert "PNG" not in said


def test_several_files_show_their_progress_on_a_terminal(image):
    names = [save(f"{i}.png", noise(9, 7, seed=i)) for i in range(3)]
    said, code = on_terminal("read", *names, "-o", "out/")
    assert code == 0
    assert "100%" in said
    assert "\\x1b" not in said
    assert "\\r" not in said
    for name in names:
        assert re.search(rf"(\r|\r\x1b\[K|\n){name}: 64 x 64 patch", said)


def test_of_many_files_a_terminal_shows_a_bar_notes_failures_and_a_count():
    names = [save(f"{i:02}.png", noise(9, 7, seed=i)) for i in range(24)]
    np.save("f.npy", np.linspace(0, 1, 63).reshape(9, 7))
    said, code = on_terminal("read", *names, "f.npy", "none.png", "-n", "4", "-o", "out/")
    assert code == 1
    assert "%" in said
    assert "00.png: 4 x 4 patch" not in said
    assert "f.npy: 4 x 4 patch" in said
    assert "glimpse: none.png: no such file or directory" in said
    assert said.rstrip().endswith("glimpse: 1 of 26 files failed")
    said, code = on_terminal("-v", "read", *names, "-n", "4", "-o", "out/", "--overwrite")
    assert (code, "00.png: 4 x 4 patch" in said) == (0, True)
    said, code = on_terminal("read", *names, "-n", "4", "-o", "out/", "--overwrite")
    assert (code, said.rstrip().endswith("glimpse: 24 patches in out/")) == (0, True)


def test_what_was_partly_done_before_a_cluster_was_lost_ends_with_1(capsys):
    from glimpse.cli.reporter import report

    def lost(done):
        yield from (Outcome(str(item), made="patch") for item in range(done))
        raise GlimpseError("no workers are left at tcp://x")

    with pytest.raises(click.exceptions.Exit) as end:
        report(lost(2), 5)
    assert end.value.exit_code == 1
    assert capsys.readouterr().err.endswith(
        "glimpse: no workers are left at tcp://x; 2 of 5 files were done\n"
    )
    with pytest.raises(GlimpseError, match="no workers"):
        report(lost(0), 5)


def test_an_empty_address_of_a_cluster_is_refused(image):
    result = invoke("read", image, "--dask", "")
    assert (result.exit_code, "the address is empty" in result.stderr) == (2, True)


@pytest.mark.parametrize(("error", "where"), [(OSError(22, "Invalid data stream"), ""),
                                              (OSError(2, "No such file", "x.png"), "x.png: ")])  # fmt: skip
def test_an_error_of_the_system_is_not_blamed_on_standard_output(image, monkeypatch, error, where):
    def raising(*_, **__):
        raise error

    monkeypatch.setattr("glimpse.batch.patches.read", raising)
    result = invoke("read", image)
    assert result.exit_code == 1
    assert result.stderr == f"glimpse: {where}{error.strerror.lower()}\n"


def test_a_current_folder_that_is_gone_is_told(folder):
    (folder / "gone").mkdir()
    os.chdir("gone")
    os.rmdir(folder / "gone")
    result = invoke("read", "../a.png", "-o", "x.png")
    os.chdir(folder)
    assert (result.exit_code, "current folder is gone" in result.stderr) == (2, True)


def test_a_sweep_shows_its_progress_on_a_terminal(image):
    said, code = on_terminal(
        "sweep", image, "--gx", "1:9", "--frames", "20", "-n", "4", "--plain", "-o", "s.webp"
    )
    assert (code, "100%" in said) == (0, True)


@pytest.mark.parametrize(
    "args",
    [["read", "a.png"], ["sweep", "a.png", "--gx", "1:9", "--frames", "5", "-n", "4", "--plain", "-q"]],
)
def test_one_file_or_quiet_shows_no_progress(args, image):
    said, code = on_terminal(*args)
    assert (code, "%" in said) == (0, False)


def test_without_a_terminal_there_is_no_progress(image):
    result = invoke("sweep", image, "--gx", "1:9", "--frames", "20", "-n", "4", "--plain", "-o", "s.webp")
    assert len(lines(result.stderr)) == 1
    assert "%" not in result.stderr
    assert "\r" not in result.stderr


# What a run leaves


def test_the_same_command_gives_the_same_bytes_whatever_the_number_of_jobs(folder):
    names = [save(f"{i}.png", noise(20, 30, 3, seed=i)) for i in range(6)]
    for jobs in (1, 4):
        assert invoke("read", *names, "-o", f"out{jobs}/", "-j", jobs).exit_code == 0
    for name in os.listdir("out1"):
        assert (folder / "out1" / name).read_bytes() == (folder / "out4" / name).read_bytes()
    assert len(os.listdir("out4")) == 6


def test_summaries_come_in_the_order_of_the_files(folder):
    sizes = [(400, 500), (3, 4), (200, 100), (5, 6)]
    names = [save(f"{i}.png", noise(*size)) for i, size in enumerate(sizes)]
    result = invoke("read", *names, "-o", "out/", "-j", 4)
    assert [line.split(":")[0] for line in lines(result.stderr)] == names


def test_a_new_file_has_the_mode_of_the_umask(image):
    before = os.umask(0o026)
    try:
        invoke("read", image, "-o", "p.png")
    finally:
        os.umask(before)
    assert stat.S_IMODE(os.stat("p.png").st_mode) == 0o640
