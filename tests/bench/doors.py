"""How many doors a command goes through: files, functions and changes of file on the way of one run.

    python tests/bench/doors.py [--list]

A call into `src/glimpse` counts; module bodies, comprehensions and lambdas do not. With `--list` functions
are named, file by file, with their calls. Also: lines and comments of each wing, how many functions are
mentioned once in all of `src`, and the longest bodies.
"""

import ast
import collections
import contextlib
import io
import itertools
import re
import subprocess
import sys
import tempfile
import threading
import tokenize
from pathlib import Path

SRC = Path(__file__).parents[2] / "src" / "glimpse"
SCENE = str(Path(__file__).parents[2] / "sample_images" / "scene.png")
WINDOW = ["--row", "312", "--col", "222", "--delta", "3.6"]
COMMANDS = {
    "read": ["read", SCENE, *WINDOW, "-o", "patch.png"],
    "write": ["write", "patch.png", "-o", "canvas.png"],
    "sweep": ["sweep", SCENE, *WINDOW[:4], "--delta", "3.6:5", "--frames", "3", "-o", "sweep.gif"],
    "info": ["info", "patch.png"],
}


def trace(arguments):
    """Return the file and the function of each call of one command, in this process."""
    from glimpse.cli import main

    calls = []

    def enter(frame, event, _):
        if event == "call" and counts(frame.f_code) and not importing(frame):
            calls.append((frame.f_code.co_filename, frame.f_code.co_qualname))

    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        threading.setprofile(enter)  # a command works in a thread, so that Ctrl-C is heard
        sys.setprofile(enter)
        try:
            main(arguments, standalone_mode=False)
        finally:
            sys.setprofile(None)
            threading.setprofile(None)
    return calls


def told(name, calls, *, listed):
    """Print the files, the functions and the changes of file of a run; if `listed`, their names too."""
    files, times = [file for file, _ in calls], collections.Counter(calls)
    changes = sum(one != other for one, other in itertools.pairwise(files))
    print(f"{name:6} {len(set(files)):4} files {len(times):4} functions {changes:4} changes of file")
    for file in dict.fromkeys(files) if listed else ():
        names = [f"{function} x{times[file, function]}" for one, function in times if one == file]
        print(
            f"    {Path(file).relative_to(SRC)}: {', '.join(names)}".replace(" x1,", ",").removesuffix(" x1")
        )


def counts(code):
    """Tell whether this is a function of ours with a name of its own."""
    return code.co_filename.startswith(str(SRC)) and "<" not in code.co_name


def importing(frame):
    """Tell whether a module of ours is being imported: options are declared then, and nothing is done."""
    while frame := frame.f_back:
        if frame.f_code.co_name == "<module>" and frame.f_code.co_filename.startswith(str(SRC)):
            return True
    return False


def comments(path):
    """Return how many lines of a file have code, and how many comments stand in it."""
    with open(path, "rb") as file:
        tokens = list(tokenize.tokenize(file.readline))
    return len(path.read_text().splitlines()), sum(token.type == tokenize.COMMENT for token in tokens)


def mentioned_once():
    """Return how many functions there are in src, and how many of their names stand there once."""
    texts = [path.read_text() for path in SRC.rglob("*.py")]
    names = [
        node.name
        for text in texts
        for node in ast.walk(ast.parse(text))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and not node.name.startswith("__")
    ]
    words = re.findall(r"\w+", "\n".join(texts))
    counts = dict.fromkeys(names, 0)
    for word in words:
        if word in counts:
            counts[word] += 1
    return len(names), sum(counts[name] <= 2 for name in names)


def longest_bodies(most=3):
    """Return the functions of the longest bodies, lines without their docstrings, first."""
    found = []
    for path in SRC.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef):
                first = node.body[1 if ast.get_docstring(node) and len(node.body) > 1 else 0]
                lines = node.body[-1].end_lineno - first.lineno + 1
                found.append((lines, f"{path.relative_to(SRC)}:{node.name}"))
    return sorted(found)[: -most - 1 : -1]


def main(*flags):
    with tempfile.TemporaryDirectory() as folder:
        for name, arguments in COMMANDS.items():
            subprocess.run(
                [sys.executable, __file__, name, *flags, *arguments], cwd=folder, check=True
            )  # all imports anew
    wings = {}
    for path in sorted(SRC.rglob("*.py")):
        wing = path.relative_to(SRC).parts[0] if path.parent != SRC else "(flat)"
        lines, said = comments(path)
        one = wings.setdefault(wing, [0, 0, 0])
        one[0], one[1], one[2] = one[0] + 1, one[1] + lines, one[2] + said
    print()
    for wing, (files, lines, said) in wings.items():
        share = 100 * said / max(lines, 1)
        print(f"{wing:14} {files:3} files {lines:6} lines {share:5.1f} comments per 100 lines")
    functions, once = mentioned_once()
    print(f"\n{functions} functions, {once} of them mentioned once beside their definition, or never")
    print("longest bodies:", ", ".join(f"{name} {lines}" for lines, name in longest_bodies()))


if __name__ == "__main__":
    flags = ["--list"] if "--list" in sys.argv else []
    words = [word for word in sys.argv[1:] if word != "--list"]
    if words:
        told(words[0], trace(words[1:]), listed=bool(flags))
    else:
        main(*flags)
