"""The README is true: its commands run, its help is the help, its pictures and modules exist."""

import doctest
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from glimpse import cli
from glimpse.cli import main

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
TEXT = README.read_text(encoding="utf-8")
COMMANDS = list(cli.COMMANDS)


def help_blocks() -> str:
    """The help of each command, as the README has it."""
    blocks = []
    for name in COMMANDS:
        result = CliRunner().invoke(main, [name, "--help"], prog_name="glimpse", terminal_width=100)
        title = f"<details><summary><code>glimpse {name}</code></summary>"
        blocks.append(f"{title}\n\n```text\n{result.output}```\n\n</details>\n")
    return "\n".join(blocks)


def shell_lines() -> list[str]:
    blocks = re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL)
    return [
        line for block in blocks for line in block.splitlines() if line.startswith(("glimpse ", "printf "))
    ]


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("readme")
    shutil.copytree(ROOT / "sample_images", folder / "sample_images", ignore=shutil.ignore_patterns("*.py"))
    return folder


def test_the_commands_of_the_readme_run_in_order(desk: Path) -> None:
    lines = shell_lines()
    assert len(lines) > 10
    # `glimpse` is this interpreter's, whatever PATH says
    start = f'glimpse() {{ "{sys.executable}" -m glimpse "$@"; }}\nset -e\n'
    done = subprocess.run(
        ["bash", "-c", start + "\n".join(lines)],
        cwd=desk,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


def test_the_help_in_the_readme_is_the_help() -> None:
    found = re.search(r"<!-- help -->\n(.*?)<!-- end of help -->", TEXT, re.DOTALL)
    assert found
    assert found[1] == help_blocks(), "run `python tests/test_docs.py` to renew the README"


def test_the_examples_in_python_hold() -> None:
    failed, tried = doctest.testfile(str(README), module_relative=False, encoding="utf-8")
    assert tried >= 7
    assert failed == 0


def test_every_picture_is_there_and_shown() -> None:
    shown = set(re.findall(r"sample_images/readme/[\w.-]+", TEXT))
    drawn = {f"sample_images/readme/{path.name}" for path in (ROOT / "sample_images" / "readme").iterdir()}
    assert shown == drawn


def test_the_commands_beside_the_pictures_made_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "sample_images"))
    from figures import COMMANDS as MAKERS

    assert set(MAKERS.values()) <= set(shell_lines())


def test_the_pictures_stay_small() -> None:
    pictures = [p for p in (ROOT / "sample_images").rglob("*") if p.suffix in (".png", ".gif")]
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


def test_the_top_level_holds_what_it_should() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("not a git checkout")
    top = {line.split("/")[0] for line in listed.stdout.splitlines()}
    allowed = {"pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", "src", "tests", "sample_images"}
    assert {name for name in top if not name.startswith(".")} <= allowed


if __name__ == "__main__":
    renewed = re.sub(
        r"(<!-- help -->\n).*?(<!-- end of help -->)",
        lambda m: m[1] + help_blocks() + m[2],
        TEXT,
        flags=re.DOTALL,
    )
    README.write_text(renewed, encoding="utf-8")
