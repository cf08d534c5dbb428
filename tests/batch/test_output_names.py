"""What -o means: files, folders, templates and pipes; what is there already is safe."""

import os
from pathlib import Path
from shlex import split

import pytest
from helpers import invoke, lines, noise, opened, record, save

from glimpse.batch import names as outputs


@pytest.fixture
def images(image, folder):
    (folder / "in").mkdir()
    return [image, save("b.tiff", noise(9, 7)), save("in/c.png", noise(5, 6))]


def test_one_input_goes_to_the_current_folder(folder):
    (folder / "in").mkdir()
    save("in/a.png", noise(5, 7))
    assert invoke("read", "in/a.png").exit_code == 0
    assert sorted(os.listdir()) == ["a-patch.png", "in"]


@pytest.mark.parametrize(
    ("command", "name"),
    [
        *[(["read", "a.png"], "a-patch.png"), (["show", "a.png", "--width", "400"], "a-show.png")],
        *[(["sweep", "a.png", "--gx", "1:3", "--frames", "2", "-n", "4", "--plain"], "a-sweep.gif")],
        *[(["write", "a.png", "--canvas", "9,9", "--delta", "1"], "a-canvas.png")],
    ],
)
def test_every_command_has_its_own_default_name(command, name, image):
    assert invoke(*command).exit_code == 0
    assert sorted(os.listdir()) == sorted(["a.png", name])


@pytest.mark.parametrize("output", ["out/", "out/deep/"])
def test_a_folder_is_made_and_filled(output, images):
    assert invoke("read", *images, "-o", output).exit_code == 0
    assert sorted(os.listdir(output)) == ["a-patch.png", "b-patch.png", "c-patch.png"]


@pytest.mark.parametrize("output", ["in", "in/", "./in"])
def test_a_folder_that_is_there_needs_no_slash(output, images):
    assert invoke("read", images[0], images[1], "-o", output).exit_code == 0
    assert sorted(os.listdir("in")) == ["a-patch.png", "b-patch.png", "c.png"]


def test_a_folder_with_braces_in_its_name_is_a_folder(images):
    os.mkdir("{stem}{0}")
    assert invoke("read", *images, "-o", "{stem}{0}/").exit_code == 0
    assert len(os.listdir("{stem}{0}")) == 3


def test_names_of_inputs_are_never_taken_for_templates(folder):
    name = save("{stem.__class__}{{.png", noise(5, 7))
    assert invoke("read", name).exit_code == 0
    assert invoke("read", name, "-o", "out/").exit_code == 0
    assert os.listdir("out") == ["{stem.__class__}{{-patch.png"]


TEMPLATES = {
    "{stem}.npy": ["a.npy", "b.npy", "c.npy"],
    "{parent}/{stem}-x.png": ["a-x.png", "b-x.png", "in/c-x.png"],
    "out/{index}.png": ["out/0.png", "out/1.png", "out/2.png"],
    "{index:03d}.png": ["000.png", "001.png", "002.png"],
    "{{{index}}}.png": ["{0}.png", "{1}.png", "{2}.png"],
    "{stem}{stem}-{index:1}.npy": ["aa-0.npy", "bb-1.npy", "cc-2.npy"],
    "{stem}-{gx}.png": ["a-14.5.png", "b-4.0.png", "c-2.0.png"],
    "{stem}-{gy:05.1f}.png": ["a-021.5.png", "b-003.0.png", "c-002.5.png"],
    "{stem}-{delta:.2f}-{sigma:g}-{gamma:.1f}.png": [
        *["a-0.47-0.5-1.0.png", "b-0.11-0.5-1.0.png", "c-0.08-0.5-1.0.png"]
    ],
}


@pytest.mark.parametrize(("template", "names"), TEMPLATES.items(), ids=TEMPLATES)
def test_a_template_names_each_output(template, names, images):
    result = invoke("read", *images, "-o", template)
    assert result.exit_code == 0, result.stderr
    assert all(Path(name).exists() for name in names)


HOSTILE = ["{stem.__class__}", "{stem[0]}", "{0}", "{}", "{stem!r}", "{stem", "stem}", "{index:0999999999d}"]
HOSTILE += ["{index:999999999}", "{index:{index}}", "{gx:.999999f}", "{stem:*^5}", "{path}", "{stem:03d}"]
HOSTILE += ["{gx:d}", "{index:.3d}", "{ stem}", "{self}", "{__class__}", "{index:\u0663d}"]


@pytest.mark.parametrize("field", HOSTILE)
def test_any_other_field_is_refused_before_any_work(field, image):
    result = invoke("read", image, "-o", f"{field}.png")
    assert result.exit_code == 2
    (line,) = lines(result.stderr)
    assert field in line
    assert os.listdir() == ["a.png"]


def test_a_template_with_numbers_reads_a_pipe_once(image):
    result = invoke("read", "-", "-o", "{stem}-{gx}.png", stdin=Path(image).read_bytes())
    assert result.exit_code == 0, result.stderr
    assert opened("stdin-14.5.png").shape == (64, 64, 3)


def test_a_template_with_numbers_lets_a_bad_file_fail_alone(images, folder):
    (folder / "bad.png").write_bytes(b"no picture")
    result = invoke("read", images[0], "bad.png", images[1], "-o", "{stem}-{gx}.png")
    assert result.exit_code == 1
    assert {"a-14.5.png", "b-4.0.png"} <= set(os.listdir())
    assert "glimpse: bad.png: not an image" in result.stderr
    assert lines(result.stderr)[-1] == "glimpse: 1 of 3 files failed"


@pytest.mark.parametrize("field", ["gx", "sigma"])
def test_write_names_its_outputs_by_numbers_too_or_says_that_it_cannot(field, image):
    invoke("read", image, "-o", "p.png")
    result = invoke("write", "p.png", "-o", f"c-{{{field}}}.png")
    assert result.exit_code == 0 or f"{{{field}}}" in result.stderr


def test_a_pipe_goes_among_files_into_a_folder(images):
    data = Path(images[0]).read_bytes()
    assert invoke("read", images[1], "-", images[2], "-o", "out/", stdin=data).exit_code == 0
    assert sorted(os.listdir("out")) == ["b-patch.png", "c-patch.png", "stdin-patch.png"]
    assert record("out/stdin-patch.png")["source"] == "stdin"
    assert record("out/stdin-patch.png")["shape"] == [30, 44]


def test_a_pipe_goes_among_files_into_a_template(images):
    data = Path(images[0]).read_bytes()
    assert invoke("read", "-", images[1], "-o", "{index}-{stem}.png", stdin=data).exit_code == 0
    assert {"0-stdin.png", "1-b.png"} <= set(os.listdir())


def test_a_file_called_dash_is_read_by_its_path(folder):
    save("x.png", noise(5, 7))
    os.rename("x.png", "-")
    assert invoke("read", "./-", "-o", "p.png").exit_code == 0


# What is there already


@pytest.mark.parametrize(
    "command", [["read"], ["show", "--width", "400"], ["sweep", *split("--gx 1:3 --frames 2 -n 4 --plain")]]
)
def test_an_existing_file_is_refused_before_any_work_and_replaced_on_demand(command, image):
    target = "old.gif" if command[0] == "sweep" else "old.png"
    Path(target).write_bytes(b"old")
    result = invoke(*command, image, "-o", target)
    assert result.exit_code == 2
    assert f"{target} exists already; --overwrite replaces it, -o names another" in result.stderr
    assert Path(target).read_bytes() == b"old"
    assert invoke(*command, image, "-o", target, "--overwrite").exit_code == 0
    assert Path(target).read_bytes() != b"old"


def test_one_existing_file_among_many_stops_the_whole_batch_before_any_work(images):
    os.mkdir("out")
    Path("out/b-patch.png").write_bytes(b"old")
    assert invoke("read", *images, "-o", "out").exit_code == 2
    assert os.listdir("out") == ["b-patch.png"]


def alias(kind):
    """Another name of a.png."""
    if kind == "link":
        os.symlink("a.png", "other.png")
    if kind == "hard link":
        os.link("a.png", "other.png")
    if kind == "through a linked folder":
        os.symlink(".", "here")
    names = {"same": "a.png", "dot": "./a.png", "absolute": os.path.abspath("a.png")}
    return {**names, "through a linked folder": "here/a.png"}.get(kind, "other.png")


@pytest.mark.parametrize("overwrite", [[], ["--overwrite"]], ids=["", "overwrite"])
@pytest.mark.parametrize("kind", ["same", "dot", "absolute", "link", "hard link", "through a linked folder"])
@pytest.mark.parametrize("command", [["read"], ["show"], ["write", "--canvas", "9,9", "--delta", "1"]])
def test_an_input_is_never_replaced(command, kind, overwrite, image):
    before = Path(image).read_bytes()
    output = alias(kind)
    result = invoke(*command, image, "-o", output, *overwrite)
    assert result.exit_code == 2
    assert f"{output} is the input a.png; an input is never replaced" in result.stderr
    assert Path(image).read_bytes() == before


@pytest.mark.parametrize("command", [["read"], ["show"], ["write"]])
def test_the_patch_that_like_names_is_not_replaced(command, image):
    assert invoke("read", image, "-o", "p.png").exit_code == 0
    before = Path("p.png").read_bytes()
    result = invoke(*command, image, "--like", "p.png", "-o", "p.png", "--overwrite")
    assert result.exit_code == 2
    assert "p.png is the input p.png; an input is never replaced" in result.stderr
    assert Path("p.png").read_bytes() == before


def test_an_input_is_not_replaced_by_a_sweep_either(folder):
    save("a.gif", noise(9, 14))
    for output in ("a.gif", "./{stem}.gif", "{stem}.gif"):
        result = invoke("sweep", "a.gif", "--gx", "1:3", "--frames", "1", "-o", output, "--overwrite")
        assert result.exit_code == 2
        assert opened("a.gif").shape == (9, 14)


def test_only_a_file_behind_standard_input_is_an_input_by_name(image, monkeypatch):
    for name, known in ((image, True), (os.devnull, False)):
        monkeypatch.setattr(outputs.os, "fstat", lambda _, name=name: os.stat(name))
        assert bool(outputs.identities(["-"])) == known


def test_the_input_of_another_item_is_not_replaced(folder):
    for name in ("a.png", "a-patch.png"):
        save(name, noise(5, 7))
    result = invoke("read", "a.png", "a-patch.png", "-o", "./", "--overwrite")
    assert result.exit_code == 2
    assert "a-patch.png is the input a-patch.png" in result.stderr


COLLISIONS = {
    "same stem": (["a.png", "b/a.png"], "out/", ["a.png", "b/a.png"]),
    "same stem, other ending": (["a.png", "a.tiff"], "out/", ["a.png", "a.tiff"]),
    "same file twice": (["a.png", "a.png"], "out/", ["a.png"]),
    "case": (["a.png", "A.png"], "out/", ["a.png", "A.png"]),
    "unicode": (["\u00e9.png", "e\u0301.png"], "out/", ["\u00e9.png", "e\u0301.png"]),
    "template": (["a.png", "b/c.png"], "{gamma}.png", ["a.png", "b/c.png"]),
    "linked folder": (["b/a.png", "link/a.png"], "{parent}/{stem}-p.png", ["b/a.png", "link/a.png"]),
}


@pytest.mark.parametrize(("inputs", "output", "named"), COLLISIONS.values(), ids=COLLISIONS)
@pytest.mark.parametrize("overwrite", [[], ["--overwrite"]], ids=["", "overwrite"])
def test_two_inputs_for_one_output_are_refused_before_any_work_and_both_named(
    inputs, output, named, overwrite
):
    os.mkdir("b")
    os.symlink("b", "link")
    for i, name in enumerate(inputs):
        save(name, noise(5, 7, seed=i))
    before = sorted(Path().rglob("*"))
    result = invoke("read", *inputs, "-o", output, *overwrite)
    assert result.exit_code == 2
    (line,) = lines(result.stderr)
    assert all(name in line for name in named)
    assert "would both become" in line
    assert sorted(Path().rglob("*")) == before


def test_a_failed_write_is_one_line(image):
    Path("file").write_bytes(b"")
    result = invoke("read", image, "-o", "file/p.png")
    assert result.exit_code in (1, 2)
    assert len(lines(result.stderr)) == 1
    assert sorted(os.listdir()) == ["a.png", "file"]


def test_a_link_under_the_output_name_is_replaced_not_followed(image):
    Path("real.png").write_bytes(b"real")
    os.symlink("real.png", "p.png")
    assert invoke("read", image, "-o", "p.png").exit_code == 2
    assert invoke("read", image, "-o", "p.png", "--overwrite").exit_code == 0
    assert Path("real.png").read_bytes() == b"real"
    assert not Path("p.png").is_symlink()


# An input is never lost


@pytest.mark.parametrize(
    "words",
    [
        "read - -n 4 -o {} --overwrite",
        "write p.png --onto - -o {} --overwrite",
        "write p.png --canvas - -o {} --overwrite",
        "read a.png --like - -o {} --overwrite",
        "read --table - -o {} --overwrite",
        "sweep - --gx 1:9 --frames 2 -o {} --overwrite",
        "show - -o {} --overwrite",
    ],
)
def test_the_file_behind_standard_input_is_not_replaced(words, image, folder):
    invoke(*["read", "a.png", "-n", "4", "-o", "p.png"])
    name = "in.gif" if "sweep" in words else "in.png"
    content = Path("p.png" if "--like" in words else "a.png").read_bytes()
    if "--table" in words:
        content = b"image,gx,gy,n,output\na.png,5,5,4,also-in.png\n"
        words = words.replace("{}", "./")
    Path(name).write_bytes(content)
    os.link(name, f"also-{name}")  # another name of the same file
    behind, before = os.open(name, os.O_RDONLY), os.dup(0)
    try:
        os.dup2(behind, 0)
        result = invoke(*words.format(f"also-{name}").split(), stdin=content)
    finally:
        os.dup2(before, 0)
        os.close(before)
        os.close(behind)
    assert result.exit_code == (1 if "--table" in words else 2)
    assert "behind standard input" in result.stderr
    assert Path(name).read_bytes() == content


def test_an_input_that_is_not_there_is_told_before_the_output_that_is(image):
    assert invoke("read", image, "-o", "p.png").exit_code == 0
    before = Path("p.png").read_bytes()
    result = invoke("read", "missing.png", "-o", "p.png")
    assert (result.exit_code, result.stderr) == (1, "glimpse: missing.png: no such file or directory\n")
    assert Path("p.png").read_bytes() == before
