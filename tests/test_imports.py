"""The arrows of the house: which part may import which, read out of the source."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "src" / "glimpse"
BASE = {
    "errors",
    "portability",
    "limits",
    "validation",
    "typing",
    "array_api",
    "slices",
    "window",
    "levels",
}
ARROWS = {
    **dict.fromkeys(BASE, BASE),
    "attention": BASE,
    "torch": {*BASE, "attention"},
    "registration": {*BASE, "attention"},
    "drawing": {*BASE, "attention"},
    "io": BASE,
    "explorer": {*BASE, "drawing"},
    "notebook": {*BASE, "attention", "drawing", "explorer", "io"},
    "batch": {*BASE, "attention", "registration", "drawing", "explorer", "io"},
    "cli": {*BASE, "batch", "attention", "registration", "drawing", "io", "explorer"},
}
OUTSIDE = {  # libraries from elsewhere
    **{name: {"numpy"} for name in BASE},
    "errors": set(),
    "limits": set(),
    "portability": set(),
    "slices": set(),
    "window": set(),
    "attention": {"numpy"},
    "torch": {"torch"},
    "registration": {"numpy", "scipy"},
    "drawing": {"numpy", "PIL"},
    "io": {"av", "numpy", "PIL", "imageio", "imagecodecs", "pyarrow", "scipy"},
    "explorer": {"numpy", "PIL"},
    "notebook": {"numpy", "PIL"},
    "batch": {"numpy", "distributed", "pyarrow"},
    "cli": {"click", "numpy"},
}
FILES = [path for path in sorted(PACKAGE.rglob("*.py")) if path.parent != PACKAGE or path.stem[:2] != "__"]


def imported(path):
    """The modules that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path.name} imports relative to itself"
            if node.module == "glimpse":
                yield from (f"glimpse.{name.name}" for name in node.names)
            else:
                yield node.module


def part(path):
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_every_import_follows_an_arrow(path):
    own = part(path)
    assert own in ARROWS, f"{own} is no part of the house"
    for name in imported(path):
        first, *rest = name.split(".")
        if first == "glimpse":
            assert rest[0] in {own, *ARROWS[own]} | ({"__version__"} if own in ("cli", "batch") else set()), (
                name
            )
        elif first != "__future__":
            assert first in sys.stdlib_module_names | OUTSIDE[own], name


def test_the_window_and_all_below_it_import_no_numpy():
    modules = ["window", "slices", "limits", "errors", "batch.runner", "batch.placements", "batch.names"]
    code = "import sys\n" + "\n".join(
        f"import glimpse.{module}; print('{module}', 'numpy' in sys.modules)" for module in modules
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.splitlines() == [f"{module} False" for module in modules], done.stderr


def test_a_picture_costs_the_import_of_its_own_reader_alone(tmp_path):
    from PIL import Image

    names = [f"{tmp_path}/{name}" for name in ("p.tif", "p.webp", "p.bmp")]
    for name in names:
        Image.new("RGB", (3, 2)).save(name)
    code = (
        f"import sys; from glimpse import io; [io.load_picture(name) for name in {names!r}]; "
        "print(sum(name.startswith('PIL.') and name.endswith('ImagePlugin') for name in sys.modules) < 10, "
        "[name for name in ('attention', 'window.span', 'io.light') if f'glimpse.{name}' in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "True []\n"


def test_no_module_of_the_package_bears_the_name_of_a_public_function():
    import glimpse

    assert not {path.stem for path in PACKAGE.iterdir()} & set(glimpse.__all__)
