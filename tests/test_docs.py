"""The documents are true: commands run, options are named, links, pictures and modules exist."""

import doctest
import json
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import click
import pytest

from glimpse import Window, cli
from glimpse.cli import main
from glimpse.io.decode import FORMATS

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
TEXT = README.read_text(encoding="utf-8")
DOCUMENTS = [README, *sorted((ROOT / "src").rglob("README.md")), *sorted((ROOT / "tests").rglob("README.md"))]
COMMANDS = list(cli.COMMANDS)
ALL = "".join(path.read_text("utf-8") for path in DOCUMENTS if ROOT / "tests" not in path.parents)


def shell_lines() -> list[str]:
    blocks = re.findall(r"```sh\n(.*?)```", ALL, re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()]
    return [line for line in lines if line.startswith(("glimpse ", "printf ", "python -c "))]


def commands() -> list[click.Command]:
    context = click.Context(main)
    return [main, *(main.get_command(context, name) for name in main.list_commands(context))]


def options() -> set[str]:
    """Every name of every option of every command."""
    return {
        name
        for command in commands()
        for parameter in command.params
        for name in parameter.opts
        if name.startswith("-")
    } | {"--help", "-h"}


ANNOTATIONS = {  # one box of the sample scene, as three tools have it
    "coco.json": '{"images": [{"id": 7, "file_name": "scene.png"}], "annotations": '
    '[{"image_id": 7, "category_id": 1, "bbox": [160, 120, 128, 96]}]}',
    "labels/scene.txt": "1 0.35 0.35 0.2 0.2\n",
    "labelme/scene.json": '{"imagePath": "scene.png", "shapes": '
    '[{"label": "1", "points": [[288, 216], [160, 120]]}]}',
}


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("readme")
    shutil.copytree(ROOT / "sample_images", folder / "sample_images", ignore=shutil.ignore_patterns("*.py"))
    for name, text in ANNOTATIONS.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    return folder


def run(lines: list[str], folder: Path) -> str:
    """Run lines of a shell, in which `glimpse` is this interpreter's, whatever PATH says."""
    start = f'python() {{ "{sys.executable}" "$@"; }}\nglimpse() {{ python -m glimpse "$@"; }}\nset -e\n'
    done = subprocess.run(
        ["bash", "-c", start + "\n".join(lines)], cwd=folder, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_the_commands_of_the_readme_run_in_order(desk: Path) -> None:
    lines = [
        line
        for line in shell_lines()
        if shutil.which(line.split()[0]) or line.startswith(("glimpse", "python"))
    ]
    assert len(lines) > 20
    run(lines, desk)


@pytest.mark.slow
def test_the_tables_of_other_tools_have_the_same_box(desk: Path) -> None:
    command = "glimpse read --images sample_images -n 8 -o - --table"
    found = set(run([f"{command} {name} | glimpse info -" for name in ANNOTATIONS], desk).splitlines())
    assert len(found) == 1
    assert Window.from_box((160, 120, 128, 96), n=8).gx == json.loads(found.pop())["gx"]


@pytest.mark.parametrize("line", [line for line in shell_lines() if line.startswith("glimpse ")])
def test_the_commands_of_the_readme_are_understood(line: str) -> None:
    _, name, *words = shlex.split(line.partition(" < ")[0])
    command = main.get_command(click.Context(main), name)
    assert command
    # the help option is made once, with the names of the first context
    context = click.Context(command, parent=click.Context(main, **main.context_settings))
    given, _, _ = command.make_parser(context).parse_args(words)
    for parameter in command.params:
        if isinstance(given.get(parameter.name or ""), str):
            parameter.type_cast_value(context, given[parameter.name])


def test_the_readme_is_short_enough_to_be_read() -> None:
    assert len(TEXT.splitlines()) <= 220


def test_every_option_is_named_where_users_read() -> None:
    missing = {name for name in options() if not re.search(rf"`{name}[ `=]", ALL)}
    assert missing <= {"--help", "-h"}


def test_options_that_the_documents_name_exist() -> None:
    table = ALL[ALL.index("## Options") :].partition("\n## ")[0]
    assert len(table.splitlines()) > 15
    assert set(re.findall(r"`(--?[a-z][\w-]*)", table)) <= options()


def test_the_table_of_commands_is_the_list_of_commands() -> None:
    assert re.findall(r"^\| `glimpse (\w+)", TEXT, re.MULTILINE) == COMMANDS


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.parent.name)
def test_every_link_leads_somewhere(path: Path) -> None:
    text = path.read_text("utf-8")
    for target in re.findall(r"\]\(([^)\s]+)\)|src=\"([^\"]+)\"", text):
        place, _, anchor = "".join(target).partition("#")
        if place.startswith("https:"):
            continue
        file = (path.parent / place) if place else path
        assert file.exists(), place
        assert not anchor or anchor in anchors(file), f"{place}#{anchor}"


def anchors(path: Path) -> list[str]:
    """The anchors of a document's headings, as GitHub and package indexes make them."""
    headings = re.findall(r"^#+ (.*)$", path.read_text("utf-8"), re.MULTILINE)
    return [re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings]


def test_every_section_is_in_the_table_of_contents() -> None:
    contents, _, rest = TEXT.partition("\n## ")
    for anchor in re.findall(r"^## (.*)$", "## " + rest, re.MULTILINE):
        assert f"(#{re.sub(r'[^a-z -]', '', anchor.lower()).replace(' ', '-')})" in contents, anchor


def test_the_examples_in_python_hold() -> None:
    done = [doctest.testfile(str(path), module_relative=False, encoding="utf-8") for path in DOCUMENTS]
    assert sum(tried for _, tried in done) >= 10
    assert not any(failed for failed, _ in done)


def test_the_line_that_turns_a_box_into_a_window_holds() -> None:
    box = {"x": 92, "y": 60, "w": 260, "h": 130}
    line = re.search(r"`(gx = [^`]*)`,\s`(gy = [^`]*)`\sand `(delta = [^`]*)`", TEXT)
    assert line, "README turns a box x, y, w, h into a window"
    numbers: dict[str, object] = {}
    exec("\n".join(line.groups()), box | {"n": 65}, numbers)
    window = Window.from_box(tuple(box.values()), n=65)
    assert numbers == {"gx": window.gx, "gy": window.gy, "delta": window.delta}


@pytest.mark.skipif(not (ROOT / ".ci").exists(), reason="the source distribution has no animations")
def test_every_picture_is_there_and_shown() -> None:
    shown = set(re.findall(r"sample_images/readme/[\w.-]+", ALL))
    drawn = {f"sample_images/readme/{path.name}" for path in (ROOT / "sample_images" / "readme").iterdir()}
    assert shown == drawn


def test_the_commands_beside_the_pictures_made_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "sample_images"))
    from figures import COMMANDS as MAKERS

    assert set(MAKERS.values()) <= set(shell_lines())


def test_the_pictures_stay_small() -> None:
    pictures = [p for p in (ROOT / "sample_images").rglob("*") if p.suffix in (".png", ".gif", ".webp")]
    assert sum(path.stat().st_size for path in pictures) < 6_000_000


def test_the_table_of_modules_is_the_tree() -> None:
    package = ROOT / "src" / "glimpse"
    table = (package / "README.md").read_text("utf-8")
    modules = [path for path in package.rglob("*.py") if not path.name.startswith("__")]
    for path in modules:
        name = path.relative_to(package).as_posix()
        short = path.name if path.stem in COMMANDS else name
        assert f"`{short}`" in table, f"{name} is not in the table"
    rows = re.findall(r"^\| (`.*?) \|", table, re.MULTILINE)
    for name in (name for row in rows for name in re.findall(r"`([\w/]+\.py)`", row)):
        assert (package / name).exists(), f"the README has {name}, the tree has not"


@pytest.mark.parametrize("document", ["README.md", "src/glimpse/io/README.md", "CHANGELOG.md"])
def test_the_formats_that_are_opened_are_named(document: str) -> None:
    text = (ROOT / document).read_text("utf-8").lower()
    for name in (*FORMATS, "NPY"):
        assert re.search(rf"\b{name.lower()}\b", text), name


def test_the_table_of_benchmarks_is_the_folder() -> None:
    bench = ROOT / "tests" / "bench"
    named = re.findall(r"^\| `python tests/bench/(\w+\.py)", (bench / "README.md").read_text("utf-8"), re.M)
    assert sorted([*named, "bench.py", "clutter.py"]) == sorted(path.name for path in bench.glob("*.py"))


def test_the_tests_that_the_documents_name_exist() -> None:
    tests = ROOT / "tests"
    text = (tests / "README.md").read_text("utf-8")
    for name in re.findall(r"`([\w/]*\.py)`", text):
        assert (tests / name).exists(), name


def test_the_top_level_holds_what_it_should() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("not a git checkout")
    top = {line.split("/")[0] for line in listed.stdout.splitlines()}
    allowed = {"pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", "src", "tests", "sample_images"}
    assert {name for name in top if not name.startswith(".")} <= allowed


def test_a_package_index_gets_whole_addresses_of_this_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    home = project["project"]["urls"]["Repository"]
    hook = project["tool"]["hatch"]["metadata"]["hooks"]["fancy-pypi-readme"]
    text = TEXT
    for change in hook["substitutions"]:
        assert change["replacement"].startswith(rf"\1{home}/")
        text = re.sub(change["pattern"], change["replacement"], text)
    targets = ["".join(found) for found in re.findall(r"\]\(([^)\s]+)\)|src=\"([^\"]+)\"", text)]
    assert len(targets) > 30
    assert all(target.startswith("https://") for target in targets)
    assert TEXT.count(home) == 0  # a copy is at hand; the address stands in one place
