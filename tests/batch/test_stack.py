"""All patches in one file: in the order of the table, whole or absent, with what is known of each."""

import os
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from helpers import invoke, lines, noise, opened, save

from glimpse import GlimpseError
from glimpse.io.stack import Stack


@pytest.fixture(autouse=True)
def desk(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, seed in (("a.png", 1), ("b.png", 2)):
        save(name, noise(30, 44, 3, seed=seed))
    rows = [f"{'ab'[i % 2]}.png,{i % 30},{i % 44},{1 + i % 3},c{i % 4},{i}" for i in range(104)]
    Path("t.csv").write_text("\n".join(["image,gx,gy,delta,class,id", *rows]), "utf-8")
    return tmp_path


def read_stack(output, *more, code=0):
    result = invoke("read", "--table", "t.csv", "-n", "8", "-o", output, *more)
    assert result.exit_code == code, result.stderr
    return result


def test_a_stack_has_the_patches_of_the_png_files_in_the_order_of_the_table():
    read_stack("p.npz", "-j", "1", "-q")
    first = Path("p.npz").read_bytes()
    read_stack("p.npz", "-j", "4", "-q", "--overwrite")
    assert Path("p.npz").read_bytes() == first
    read_stack("out/{index:03d}.png", "-q")
    with np.load("p.npz") as found:
        assert found["patches"].dtype == np.uint8
        for index in range(104):
            np.testing.assert_array_equal(found["patches"][index], opened(f"out/{index:03d}.png"))
        np.testing.assert_array_equal(found["gx"], np.arange(104) % 30)
        np.testing.assert_array_equal(found["delta"], 1 + np.arange(104) % 3)
        np.testing.assert_array_equal(found["sigma"], np.maximum(found["delta"], 1) / 2)
        assert list(found["image"][:2]) == ["a.png", "b.png"]
        assert list(found["class"][:2]) == ["c0", "c1"]
        assert found["id"].dtype == np.int64
        np.testing.assert_array_equal(found["id"], np.arange(104))


def test_an_npy_of_several_patches_is_the_stack_alone_and_the_same_bytes_every_time():
    read_stack("p.npz", "-q")
    read_stack("p.npy", "-q")
    with np.load("p.npz") as archive:
        np.testing.assert_array_equal(np.load("p.npy"), archive["patches"])
    first = Path("p.npz").read_bytes()
    read_stack("p.npz", "-q", "--overwrite", "-j", "3")
    assert Path("p.npz").read_bytes() == first


def test_float_keeps_the_exact_numbers():
    read_stack("p.npy", "--float", "-q")
    read_stack("out/{index}.npy", "-q")
    found = np.load("p.npy")
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found[7], np.load("out/7.npy"))
    result = invoke("read", "a.png", "--float", "-o", "x.png")
    assert (result.exit_code, "--float is about a stack" in result.stderr) == (2, True)


def test_failed_rows_are_named_and_absent():
    rows = ["a.png,1,2,x", "a.png,x,3,y", "none.png,1,1,z", "b.png,5,6,w", "grey.png,5,6,v"]
    Path("t.csv").write_text("\n".join(["image,gx,gy,name", *rows]))
    save("grey.png", noise(9, 9))
    said = lines(read_stack("p.npz", code=1).stderr)
    assert any(line.startswith("glimpse: t.csv:3: 'x' is not") for line in said)
    assert "glimpse: t.csv:4: none.png: no such file or directory" in said
    assert any(
        line.startswith("glimpse: t.csv:6: its patch of 8 x 8 uint8 does not go into") for line in said
    )
    assert said[-1] == "glimpse: 3 of 5 windows failed"
    with np.load("p.npz") as found:
        assert found["patches"].shape == (2, 8, 8, 3)
        assert list(found["name"]) == ["x", "w"]


def test_many_images_without_a_table_are_a_stack_too_and_one_is_its_own_npy():
    assert invoke("read", "a.png", "b.png", "-n", "5", "-o", "p.npy").exit_code == 0
    assert np.load("p.npy").shape == (2, 5, 5, 3)
    assert invoke("read", "a.png", "-n", "5", "-o", "q.npz").exit_code == 0
    with np.load("q.npz") as found:
        assert found["patches"].shape == (1, 5, 5, 3)
        assert list(found["image"]) == ["a.png"]
    assert invoke("read", "a.png", "-n", "5", "-o", "r.npy").exit_code == 0
    assert np.load("r.npy").dtype == np.float32


def test_sixteen_bits_stay_sixteen_bits():
    save("deep.png", (noise(9, 9).astype(np.uint16) * 257))
    assert invoke("read", "deep.png", "-n", "5", "-o", "p.npz").exit_code == 0
    assert np.load("p.npz")["patches"].dtype == np.uint16


def test_a_stack_is_whole_or_absent_and_no_input_is_replaced():
    Path("t.csv").write_text("image,gx,gy\nnone.png,1,2\n")
    read_stack("p.npz", code=1)
    assert sorted(os.listdir()) == ["a.png", "b.png", "t.csv"]
    Path("p.npz").write_bytes(b"old")
    assert "p.npz exists already" in read_stack("p.npz", code=2).stderr
    read_stack("p.npz", "--skip-existing")
    assert Path("p.npz").read_bytes() == b"old"
    os.link("a.png", "a.npy")
    assert "is the input" in invoke("read", "a.png", "b.png", "-o", "a.npy", "--overwrite").stderr


def test_a_full_disk_leaves_no_stack(monkeypatch):
    if not os.path.exists("/dev/full"):
        pytest.skip("no full disk")
    full = open("/dev/full", "r+b", buffering=0)  # noqa: SIM115  closed by the stack
    monkeypatch.setattr("tempfile.TemporaryFile", lambda **_: full)
    result = read_stack("p.npz", code=1)
    assert "-o p.npz: no space left on device" in result.stderr
    assert not os.path.exists("p.npz")


def test_an_output_column_and_a_stack_exclude_each_other():
    Path("t.csv").write_text("image,gx,gy,output\na.png,1,2,x.png\n")
    assert "leave out one" in read_stack("p.npz", code=2).stderr


@pytest.mark.parametrize("name", ["p.npz", "p.npy"])
def test_a_stack_that_lost_a_patch_is_not_published(name, tmp_path):
    def full(data):
        raise OSError(28, "No space left on device")

    patch, before = np.zeros((3, 4), np.uint8), {*os.listdir(tmp_path)}
    with Stack(str(tmp_path / name), overwrite=False) as stack:
        stack.add(0, patch)
        scratch = stack._scratch
        stack._scratch = SimpleNamespace(seek=scratch.seek, write=full)
        for index in (1, 2):
            with pytest.raises(GlimpseError, match="no space left on device"):
                stack.add(index, patch)
        stack._scratch = scratch
        with pytest.raises(GlimpseError, match="no space left on device"):
            stack.publish([])
    assert {*os.listdir(tmp_path)} == before


def test_the_memory_of_a_stack_is_bounded(tmp_path):
    import tracemalloc

    patch = np.zeros((200, 200, 3), np.uint8)
    with Stack(str(tmp_path / "p.npz"), overwrite=False) as stack:
        stack.add(0, patch)
        tracemalloc.start()
        for index in range(400, 0, -1):
            stack.add(index, patch)
        stack.publish([])
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert np.load(tmp_path / "p.npz", mmap_mode=None)["patches"].shape == (401, 200, 200, 3)
    assert peak < 4e6
