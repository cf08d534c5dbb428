"""A file is whole or absent, the old one survives, and nothing but a file is read."""

import errno
import io
import os
import socket
import stat
import sys
import threading

import pytest

from glimpse import GlimpseError, limits
from glimpse.io import files
from glimpse.io.files import Draft, discard_temporaries, open_input, save_bytes

OLD, NEW = b"old bytes", b"new bytes " * 1000


@pytest.fixture
def umask():
    before = os.umask(0o027)
    yield 0o027
    os.umask(before)


def mode(path):
    return stat.S_IMODE(path.lstat().st_mode)


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_file_is_read_back_as_it_was_written(tmp_path):
    save_bytes(str(tmp_path / "a.png"), NEW)
    assert contents(tmp_path) == {"a.png": NEW}
    with open_input(str(tmp_path / "a.png")) as file:
        assert file.read(3) == b"new"
        file.seek(0)
        assert file.read() == NEW


def test_missing_folders_are_made(tmp_path):
    save_bytes(str(tmp_path / "out" / "deep" / "a.png"), NEW)
    assert (tmp_path / "out" / "deep" / "a.png").read_bytes() == NEW


def test_an_existing_file_is_refused_without_overwrite(tmp_path):
    (tmp_path / "a.png").write_bytes(OLD)
    with pytest.raises(GlimpseError, match="exists already; --overwrite replaces it"):
        save_bytes(str(tmp_path / "a.png"), NEW)
    assert contents(tmp_path) == {"a.png": OLD}


def test_an_existing_file_is_replaced_with_overwrite(tmp_path):
    (tmp_path / "a.png").write_bytes(OLD)
    save_bytes(str(tmp_path / "a.png"), NEW, overwrite=True)
    assert contents(tmp_path) == {"a.png": NEW}


def test_a_file_that_appears_meanwhile_is_not_replaced(tmp_path, monkeypatch):
    def appear(handle):
        (tmp_path / "a.png").write_bytes(OLD)

    monkeypatch.setattr(os, "fsync", appear)
    with pytest.raises(GlimpseError, match="exists already"):
        save_bytes(str(tmp_path / "a.png"), NEW)
    assert contents(tmp_path) == {"a.png": OLD}


def test_without_hard_links_a_new_file_comes_out_and_an_old_one_survives(tmp_path, monkeypatch):
    def no_links(*_):
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", no_links)
    save_bytes(str(tmp_path / "a.png"), OLD)
    with pytest.raises(GlimpseError, match="exists already"):
        save_bytes(str(tmp_path / "a.png"), NEW)
    assert contents(tmp_path) == {"a.png": OLD}


def full_disk(*_):
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("old", [None, OLD])
@pytest.mark.parametrize("step", ["fsync", "replace", "open"])
def test_a_write_that_fails_leaves_what_was_there_and_nothing_else(step, old, tmp_path, monkeypatch):
    target = tmp_path / "a.png"
    if old:
        target.write_bytes(old)
    with monkeypatch.context() as patched:
        patched.setattr(os, step, full_disk)
        with pytest.raises(GlimpseError, match=r"^-o .*a\.png: no space left on device$"):
            save_bytes(str(target), NEW, overwrite=True)
    assert contents(tmp_path) == ({"a.png": old} if old else {})
    assert not files._temporary


def test_a_write_that_is_interrupted_leaves_nothing(tmp_path, monkeypatch):
    def interrupt(handle):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        save_bytes(str(tmp_path / "a.png"), NEW)
    assert contents(tmp_path) == {}


def test_under_its_final_name_a_file_is_never_seen_in_part(tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr(os, "fsync", lambda handle: seen.append(contents(tmp_path)))
    (tmp_path / "a.png").write_bytes(OLD)
    save_bytes(str(tmp_path / "a.png"), NEW, overwrite=True)
    (during,) = seen
    assert during.pop("a.png") == OLD
    assert list(during.values()) == [NEW]


def test_what_unfinished_writes_left_can_be_discarded(tmp_path, monkeypatch):
    found = []

    def die(handle):
        discard_temporaries()
        found.append(contents(tmp_path))

    monkeypatch.setattr(os, "fsync", die)
    with pytest.raises(GlimpseError, match="no such file"):
        save_bytes(str(tmp_path / "a.png"), NEW)
    assert found == [{}]


def test_a_new_file_has_the_mode_of_the_umask(tmp_path, umask):
    save_bytes(str(tmp_path / "a.png"), NEW)
    assert mode(tmp_path / "a.png") == 0o666 & ~umask


@pytest.mark.parametrize("old", [0o600, 0o664, 0o444])
def test_a_replaced_file_keeps_its_mode(old, tmp_path, umask):
    (tmp_path / "a.png").write_bytes(OLD)
    (tmp_path / "a.png").chmod(old)
    save_bytes(str(tmp_path / "a.png"), NEW, overwrite=True)
    assert mode(tmp_path / "a.png") == old


@pytest.mark.parametrize("target", ["real.png", "nowhere.png"])
def test_a_link_is_replaced_and_not_followed(target, tmp_path, umask):
    (tmp_path / "real.png").write_bytes(OLD)
    (tmp_path / "real.png").chmod(0o777)
    (tmp_path / "link.png").symlink_to(target)
    save_bytes(str(tmp_path / "link.png"), NEW, overwrite=True)
    assert not (tmp_path / "link.png").is_symlink()
    assert contents(tmp_path) == {"real.png": OLD, "link.png": NEW}
    assert mode(tmp_path / "link.png") == 0o666 & ~umask


def test_a_dangling_link_is_an_existing_file(tmp_path):
    (tmp_path / "link.png").symlink_to("nowhere.png")
    with pytest.raises(GlimpseError, match="exists already"):
        save_bytes(str(tmp_path / "link.png"), NEW)
    assert os.listdir(tmp_path) == ["link.png"]


def test_a_hard_link_elsewhere_keeps_the_old_bytes(tmp_path):
    (tmp_path / "a.png").write_bytes(OLD)
    (tmp_path / "b.png").hardlink_to(tmp_path / "a.png")
    save_bytes(str(tmp_path / "a.png"), NEW, overwrite=True)
    assert contents(tmp_path) == {"a.png": NEW, "b.png": OLD}


@pytest.mark.parametrize(
    ("name", "message"),
    [
        *[("a.png/b.png", "not a directory|file exists"), ("folder", "is a directory")],
        *[("x" * 300, "too long"), ("nul\0.png", "null")],
    ],
)
def test_names_that_cannot_be_written_are_refused(name, message, tmp_path):
    (tmp_path / "a.png").write_bytes(OLD)
    (tmp_path / "folder").mkdir()
    with pytest.raises(GlimpseError, match=message):
        save_bytes(str(tmp_path / name), NEW, overwrite=True)
    assert sorted(os.listdir(tmp_path)) == ["a.png", "folder"]


def test_concurrent_writes_of_one_name_leave_one_whole_file(tmp_path):
    payloads = [bytes([i]) * 50_000 for i in range(8)]
    write = lambda data: save_bytes(str(tmp_path / "a.png"), data, overwrite=True)  # noqa: E731
    threads = [threading.Thread(target=write, args=(data,)) for data in payloads]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert os.listdir(tmp_path) == ["a.png"]
    assert (tmp_path / "a.png").read_bytes() in payloads


def make_fifo(path):
    os.mkfifo(path)


def make_socket(path):
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))


NO_FILES = {
    "fifo": make_fifo,
    "folder": lambda path: path.mkdir(),
    "socket": make_socket,
    "dangling link": lambda path: path.symlink_to("nowhere"),
    "link to /dev/zero": lambda path: path.symlink_to("/dev/zero"),
    "link to a terminal": lambda path: path.symlink_to("/dev/ptmx"),
    "link to itself": lambda path: path.symlink_to(path.name),
    "missing": lambda path: None,
}


@pytest.mark.parametrize("make", NO_FILES.values(), ids=NO_FILES)
def test_what_is_no_file_is_refused_at_once(make, tmp_path):
    make(tmp_path / "it")
    with pytest.raises(GlimpseError, match=r"^a folder|not a regular file|no such|too many"):
        open_input(str(tmp_path / "it"))


def test_a_refused_input_is_closed_again(tmp_path):
    for name, make in NO_FILES.items():
        make(tmp_path / name.replace("/", ""))
    before = os.listdir("/proc/self/fd") if os.path.isdir("/proc/self/fd") else pytest.skip("no /proc")
    for name in os.listdir(tmp_path):
        with pytest.raises(GlimpseError):
            open_input(str(tmp_path / name))
    assert os.listdir("/proc/self/fd") == before


class Pipe:
    """Standard input or output of bytes that cannot seek."""

    def __init__(self, data=b""):
        self.buffer = io.BytesIO(data)


def test_standard_input_can_be_read_twice_over(monkeypatch):
    monkeypatch.setattr(sys, "stdin", Pipe(NEW))
    with open_input("-") as file:
        assert file.read(5) == NEW[:5]
        file.seek(0)
        assert file.read() == NEW


def test_standard_input_has_a_limit(monkeypatch):
    monkeypatch.setattr(limits, "FILE_BYTES", len(NEW))
    monkeypatch.setattr(sys, "stdin", Pipe(NEW))
    assert open_input("-").read() == NEW
    monkeypatch.setattr(sys, "stdin", Pipe(NEW + b"!"))
    with pytest.raises(GlimpseError, match="more than 10000 bytes on standard input"):
        open_input("-")


def test_standard_output_gets_the_bytes(monkeypatch):
    out = Pipe()
    monkeypatch.setattr(sys, "stdout", out)
    save_bytes("-", NEW)
    assert out.buffer.getvalue() == NEW


def test_a_failed_write_leaves_no_new_folders(tmp_path):
    (tmp_path / "there").mkdir()
    name = str(tmp_path / "there/a/b/c.png")
    with Draft(name, overwrite=False) as draft:
        draft.write(b"x")
    assert list(tmp_path.rglob("*")) == [tmp_path / "there"]
    with Draft(name, overwrite=False) as draft:
        draft.publish()
    assert os.path.exists(name)


def test_a_name_that_no_file_can_have_is_said_in_our_words():
    with pytest.raises(GlimpseError, match=r"^a name that no file can have$"):
        open_input("\ud800.png")
