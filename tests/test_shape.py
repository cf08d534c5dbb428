"""Functions are small: the median body has at most 6 lines, none has more than 30."""

import ast
from functools import cache
from pathlib import Path
from statistics import median

PACKAGE = Path(__file__).parents[1] / "src" / "glimpse"
Function = ast.FunctionDef | ast.AsyncFunctionDef


@cache
def functions() -> dict[str, Function]:
    """Every function and method of the package, by file and line."""
    return {
        f"{path.relative_to(PACKAGE)}:{node.lineno} {node.name}": node
        for path in sorted(PACKAGE.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, Function)
    }


def lines_of(function: Function) -> int:
    """The lines from the first statement behind the docstring to the last."""
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


def test_no_body_has_more_than_thirty_lines() -> None:
    assert not {name: lines for name, node in functions().items() if (lines := lines_of(node)) > 30}


def test_the_median_body_has_at_most_six_lines() -> None:
    assert median(map(lines_of, functions().values())) <= 6
