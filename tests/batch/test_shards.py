"""Shards of patches hold what files hold, are whole or absent, and the same in any way of making them."""

import hashlib
import io
import json
import os
import tarfile
from pathlib import Path

import numpy as np
import pytest
from helpers import SHAPE, invoke, loaded, noise, opened, save
from PIL import Image

from glimpse.errors import GlimpseError
from glimpse.io import picture_record
from glimpse.io.decode import decode
from glimpse.io.shards import Shard


@pytest.fixture
def table(folder):
    """Eleven windows of two images in turns, one of them bad."""
    for name in "ab":
        save(f"{name}.png", noise(*SHAPE, 3, seed=ord(name)))
    rows = [f"{'ab'[k % 2]}.png,{5 + k},{20 - k},thing {k}" for k in range(10)]
    rows[4] = "a.png,x,3,bad"
    Path("t.csv").write_text("\n".join(["image,row,col,class", *rows, "b.png,9,9,last"]))
    return "t.csv"


def read(*more, code=1):
    result = invoke("read", "--table", "t.csv", "-n", "5", "--delta", "1", *more)
    assert result.exit_code == code, result.stderr
    return result


def members(name):
    with tarfile.open(name) as tar:
        return {member.name: tar.extractfile(member).read() for member in tar}


def digests():
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in Path().glob("s-*.tar")}


def test_shards_hold_the_files_of_read_and_what_their_rows_say(table):
    read("-o", "s-{shard:05d}.tar", "--shard-size", "4")
    read("-o", "files/{index:06d}.png")
    found = [members(f"s-{k:05d}.tar") for k in range(3)]
    assert [len(each) for each in found] == [8, 6, 6]
    together = {name: data for each in found for name, data in each.items()}
    keys = [name.split(".")[0] for name in together]
    assert keys == sorted(keys)
    for path in Path("files").iterdir():
        assert together[path.name] == path.read_bytes()
        facts = json.loads(together[f"{path.stem}.json"])
        assert facts.pop("columns")["class"] == (
            "last" if path.stem == "000010" else f"thing {int(path.stem)}"
        )
        assert facts == picture_record(decode(io.BytesIO(path.read_bytes()))).to_dict()
    assert "000004.png" not in together


@pytest.mark.parametrize("jobs", [2, 5])
def test_shards_are_the_same_whatever_the_jobs_and_the_parts(table, jobs):
    read("-o", "s-{shard:05d}.tar", "--shard-size", "4", "-j", "1")
    whole = digests()
    read("-o", "s-{shard:05d}.tar", "--shard-size", "4", "-j", jobs, "--overwrite")
    assert digests() == whole
    for path in Path().glob("s-*.tar"):
        path.unlink()
    for part in (2, 1):
        read(
            "-o", "s-{shard:05d}.tar", "--shard-size", "4", "--part", f"{part}/2", code=1 if part == 2 else 0
        )
    assert digests() == whole


def test_an_interrupted_run_goes_on_with_the_shards_that_are_missing(table):
    read("-o", "s-{shard:05d}.tar", "--shard-size", "4")
    whole = digests()
    os.unlink("s-00002.tar")
    before = os.stat("s-00000.tar").st_mtime_ns
    assert "exist already" in read("-o", "s-{shard:05d}.tar", "--shard-size", "4", code=2).stderr
    result = read("-o", "s-{shard:05d}.tar", "--shard-size", "4", "--skip-existing", code=0)
    assert digests() == whole
    assert os.stat("s-00000.tar").st_mtime_ns == before
    assert "8 " in result.stderr.splitlines()[-1]


def test_a_shard_that_cannot_be_written_leaves_nothing_and_the_others_come_out(table, monkeypatch):
    from glimpse.io import shards as files

    write = files.write_shard

    def full(file, members, **how):
        members = list(members)
        if members[0].key == "000005":
            file.write(b"half")
            raise OSError(28, "No space left on device")
        write(file, iter(members), **how)

    monkeypatch.setattr(files, "write_shard", full)
    result = read("-o", "s-{shard:05d}.tar", "--shard-size", "4", "-j", "1")
    assert "-o s-00001.tar: no space left on device" in result.stderr
    assert sorted(path.name for path in Path().glob("*.tar*")) == ["s-00000.tar", "s-00002.tar"]
    assert [path for path in Path().iterdir() if path.name.startswith(".")] == []


def test_write_restores_from_a_shard_as_from_its_files(table):
    read("-o", "s.tar")
    read("-o", "files/{index:06d}.png")
    files = sorted(str(path) for path in Path("files").iterdir())
    assert invoke("write", "s.tar", "-o", "shard.png").exit_code == 0
    assert invoke("write", *files, "-o", "files.png").exit_code == 0
    np.testing.assert_array_equal(opened("shard.png"), opened("files.png"))


@pytest.mark.parametrize(("outside", "kept"), [("skip", 9), ("fail", 9), ("clip", 10), ("keep", 10)])
def test_a_window_beyond_its_image_fares_in_a_shard_as_in_a_file(table, outside, kept):
    rows = [f"a.png,{3 * k},2,6,5\n" for k in range(9)] + ["a.png,-3,2,6,5\n"]
    Path("t.csv").write_text("image,x,y,w,h\n" + "".join(rows))
    for output in ("s.tar", "files/{index:06d}.png"):
        how = ["read", "--table", "t.csv", "--outside", outside, "-o", output]
        assert invoke(*how).exit_code == (outside == "fail")
    found = {name: data for name, data in members("s.tar").items() if name.endswith(".png")}
    assert len(found) == kept
    assert found == {path.name: path.read_bytes() for path in Path("files").iterdir()}


def test_a_shard_that_another_run_made_meanwhile_is_left_or_told(table, monkeypatch):
    from glimpse.io import shards as files

    write = files.write_shard

    def late(file, members, **how):
        write(file, members, **how)
        Path("s.tar").write_bytes(b"of another run")

    monkeypatch.setattr(files, "write_shard", late)
    assert "-o s.tar: exists already" in read("-o", "s.tar").stderr
    assert Path("s.tar").read_bytes() == b"of another run"
    Path("s.tar").unlink()
    assert "were there already and were left" in read("-o", "s.tar", "--skip-existing", code=0).stderr
    assert Path("s.tar").read_bytes() == b"of another run"


def test_a_shard_without_a_patch_is_none_and_its_folder_neither(table):
    Path("t.csv").write_text("image,row,col\nnone.png,3,3\n")
    read("-o", "new/folder/s.tar")
    assert not Path("new").exists()


@pytest.mark.parametrize("suffix", [".jpg", ".webp", ".tif"])
def test_the_ending_before_tar_is_the_format_of_the_patches(table, suffix):
    read("-o", f"s-{{shard:05d}}{suffix}.tar")
    names = list(members(f"s-00000{suffix}.tar"))
    assert {os.path.splitext(name)[1] for name in names} == {suffix, ".json"}
    assert len(Shard(f"s-00000{suffix}.tar")) == 10


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (
            ["-o", "s.tar", "--shard-size", "4"],
            "s.tar is one shard for 11 patches; write s-{shard:05d}.tar, or",
        ),
        (["-o", "{stem}-{shard}.tar"], "no {stem}"),
        (["-o", "s.tar", "--quality", "5"], "PNG is always lossless"),
        (["-o", "s.tar", "--float"], "--float is about a stack"),
        (["-o", "s.tar", "--manifest", "metadata.csv"], "a shard has windows and columns within"),
    ],
)
def test_what_makes_no_shards_is_told_before_any_work(table, more, message):
    assert message in read(*more, code=2).stderr
    assert list(Path().glob("*.tar")) == []


@pytest.mark.parametrize("kind", ["no tar", "cut", "empty", "no picture"])
def test_a_damaged_shard_is_one_line(folder, kind):
    read_ok = io.BytesIO()
    with tarfile.open(fileobj=read_ok, mode="w") as tar:
        info = tarfile.TarInfo("a.txt" if kind == "no picture" else "a.png")
        info.size = 3000
        tar.addfile(info, io.BytesIO(bytes(3000)))
    data = {"no tar": b"x" * 2000, "empty": b""}.get(kind, read_ok.getvalue())
    Path("s.tar").write_bytes(data[:1200] if kind == "cut" else data)
    with pytest.raises(GlimpseError):
        Shard("s.tar")
    result = invoke("write", "s.tar", "-o", "c.png")
    assert result.exit_code == 1
    assert len([line for line in result.stderr.splitlines() if "s.tar" in line]) == 1


def test_parquet_holds_pictures_and_their_rows(table):
    pytest.importorskip("pyarrow")
    from pyarrow import parquet

    read("-o", "s-{shard:05d}.parquet", "--shard-size", "8")
    found = [parquet.read_table(f"s-0000{k}.parquet") for k in range(2)]
    assert [each.num_rows for each in found] == [7, 3]
    assert json.loads(found[0].schema.metadata[b"huggingface"])["info"]["features"]["image"] == {
        "_type": "Image"
    }
    row = found[1].to_pylist()[-1]
    assert (row["class"], row["gx"], row["n"], row["source"], row["key"]) == (
        "last",
        9,
        [5, 5],
        "b.png",
        "000010",
    )
    assert np.asarray(Image.open(io.BytesIO(row["image"]["bytes"]))).shape == (5, 5, 3)


def test_parquet_without_its_library_is_told(table, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "pyarrow", None)
    assert "pip install 'glimpse-crop[parquet]'" in read("-o", "s.parquet", code=2).stderr


@pytest.mark.slow
def test_webdataset_and_datasets_open_them(table):
    webdataset = pytest.importorskip("webdataset")
    read("-o", "s-{shard:05d}.tar", "--shard-size", "4")
    names = sorted(str(path) for path in Path().glob("s-*.tar"))
    samples = list(webdataset.WebDataset(names, shardshuffle=False).decode("pil"))
    assert [sample["__key__"] for sample in samples][:3] == ["000000", "000001", "000002"]
    assert samples[0]["json"]["gx"] == 5
    read("-o", "s.parquet")
    assert loaded("parquet", 'rows[0]["image"].size', data_files="s.parquet") == [[5, 5]]
