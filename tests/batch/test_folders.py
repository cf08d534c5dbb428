"""Folders and patterns as inputs, and parts of a batch: the same files in any way of asking for them."""

import os
from pathlib import Path
from shlex import split

import pytest
from helpers import invoke, noise, save

from glimpse.batch.rows import expanded
from glimpse.errors import UsageError

ALL = ["a.png", "b.png", "trip/c.png", "trip/day 2/a.png", "trip/day 2/d.png", "within.png"]


@pytest.fixture
def photos(folder):
    """A folder of pictures in two folders, with what is no picture, what is hidden and what leads out."""
    for name in (*ALL[:-1], ".hidden.png", ".git/e.png"):
        Path("photos", name).parent.mkdir(parents=True, exist_ok=True)
        save(f"photos/{name}", noise(9, 12, seed=len(name)))
    Path("photos/notes.txt").write_text("no picture")
    save("outside.png", noise(9, 12))
    os.symlink("../outside.png", "photos/out.png")
    os.symlink("a.png", "photos/within.png")
    os.symlink("..", "photos/trip/loop")
    os.symlink("nowhere.png", "photos/dangling.png")


def made(folder):
    return sorted(str(path.relative_to(folder)) for path in Path(folder).rglob("*.png"))


def test_a_folder_is_its_pictures_in_order_its_folders_kept(photos):
    result = invoke("read", "photos/", "-o", "crops/", "-n", "4")
    assert result.exit_code == 0, result.stderr
    assert made("crops") == [name.replace(".png", "-patch.png") for name in ALL]
    assert "glimpse: 1 files that are no pictures by their names were left out" in result.stderr


def test_the_outputs_of_the_last_run_are_no_inputs(photos):
    for _ in range(2):
        assert invoke("read", "photos", "-o", "photos/crops/", "-n", "4", "--overwrite").exit_code == 0
        assert made("photos/crops") == [name.replace(".png", "-patch.png") for name in ALL]


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("photos/**/*.png", ALL),
        ("photos/*.png", ["a.png", "b.png", "within.png"]),
        ("photos/**/day ?/[a-c].png", ["trip/day 2/a.png"]),
        ("photos/*/*", ["trip/c.png"]),
        ("photos/**", [*ALL[:2], "notes.txt", *ALL[2:]]),
        ("photos/.hidden*", [".hidden.png"]),
        ("pho*/a.png", ["a.png"]),
    ],
)
def test_a_pattern_is_the_files_that_fit_it(photos, pattern, names):
    found = [each.name for each in expanded([pattern]).files]
    assert sorted(found) == sorted(f"photos/{name}" for name in names)


def test_a_name_with_the_signs_of_a_pattern_is_a_file_where_there_is_one(folder):
    save("a[1].png", noise(9, 12))
    save("a1.png", noise(9, 12))
    assert [each.name for each in expanded(["a[1].png"]).files] == ["a[1].png"]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("read photos/*.jpg -o c/", "photos/*.jpg: no file matches"),
        ("read empty -o c/", "empty: no picture in this folder"),
        ("read photos", "6 inputs need -o with a folder"),
    ],
)
def test_what_is_no_input_is_told_before_any_work(photos, line, message):
    Path("empty").mkdir()
    result = invoke(*split(line))
    assert result.exit_code == 2
    assert message in result.stderr


def test_two_files_for_one_output_are_still_refused(photos):
    save("photos/a.bmp", noise(9, 12))
    result = invoke("read", "photos", "-o", "crops/")
    assert result.exit_code == 2
    assert "photos/a.bmp and photos/a.png would both become crops/a-patch.png" in result.stderr


@pytest.mark.parametrize("count", [2, *(pytest.param(count, marks=pytest.mark.slow) for count in (1, 4)), 9])
def test_the_parts_together_are_the_whole_byte_for_byte(photos, count):
    rows = [f"photos/{name},{k},5\n" for name in ALL for k in (3, 4)]
    Path("t.csv").write_text("image,row,col\n" + "".join(rows))
    for source in (["photos"], ["--table", "t.csv"]):
        template = "{index}-{stem}.png"
        assert invoke("read", *source, "-n", "4", "-o", f"whole/{template}").exit_code == 0
        for part in range(count, 0, -1):
            how = ["-n", "4", "-o", f"parts/{template}", "--part", f"{part}/{count}"]
            result = invoke("read", *source, *how)
            assert result.exit_code == 0, result.stderr
        assert made("parts") == made("whole")
        for name in made("whole"):
            assert Path("parts", name).read_bytes() == Path("whole", name).read_bytes()
        for folder in ("whole", "parts"):
            for name in made(folder):
                Path(folder, name).unlink()


def test_what_is_no_part_is_refused(photos):
    for text in ("0/2", "3/2", "1", "a/b", "1/0"):
        assert f"'{text}' is no part" in invoke("read", "photos", "-o", "c/", "--part", text).stderr
    result = invoke("read", "photos", "-o", "c.npz", "--part", "1/2")
    assert (result.exit_code, "one file of all" in result.stderr) == (2, True)
    assert invoke("read", "photos", "-o", "c/", "--part", "1/2", "-n", "4").exit_code == 0
    again = invoke("read", "photos", "-o", "c/", "--part", "1/2", "-n", "4")
    assert again.exit_code == 1
    assert "exists already" in again.stderr


def test_a_folder_that_cannot_be_listed_is_told(photos, monkeypatch):
    def refused(path):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "scandir", refused)
    with pytest.raises(UsageError, match=r"^photos: permission denied$"):
        expanded(["photos"])
