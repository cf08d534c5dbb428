"""Tars are walked without Python's parser, which takes hours for some headers."""

import io
import tarfile
import time

import pytest
from hostile_files import encoded, photo

from glimpse import GlimpseError
from glimpse.io.shards import Shard

PATCH = encoded(photo())


def tar(*names, form=tarfile.USTAR_FORMAT, before=b""):
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=form) as archive:
        for name in names:
            info = tarfile.TarInfo(name)
            info.size = len(PATCH)
            archive.addfile(info, io.BytesIO(PATCH))
    return before + file.getvalue()


def shard(data, tmp_path):
    (tmp_path / "a.tar").write_bytes(data)
    return Shard(str(tmp_path / "a.tar"))


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
@pytest.mark.parametrize("name", ["a.png", "ö/a.png", "d/" * 60 + "a.png", "d/" * 45 + "a" * 90 + ".png"])
def test_members_of_every_form_are_found(form, name, tmp_path):
    found = shard(tar("a.json", name, "b.PNG", form=form), tmp_path)
    assert [found.picture(k).shape for k in range(len(found))] == [photo().size[::-1]] * 2


@pytest.mark.parametrize("payload", [b"1" * 900_000, b"11 a=1234567\n" * 60_000])
def test_a_header_that_says_much_takes_no_time(payload, tmp_path):
    info = tarfile.TarInfo("x")
    info.type, info.size = tarfile.XHDTYPE, len(payload)
    header = info.tobuf(tarfile.USTAR_FORMAT) + payload + bytes(-len(payload) % 512)
    start = time.process_time()
    assert len(shard(tar("a.png", before=header), tmp_path)) == 1
    assert time.process_time() - start < 2


@pytest.mark.parametrize("place", [0, 124, 148, 1024 + 512 * (len(PATCH) // 512)])
def test_a_broken_header_is_said(place, tmp_path):
    data = bytearray(tar("a.png", "b.png"))
    data[place : place + 4] = b"\xff\xff8\xff"
    with pytest.raises(GlimpseError, match=r"^not a shard, or damaged"):
        shard(bytes(data), tmp_path)
