"""One job over many items, for Python as for the command line: many windows of many images, many patches."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from glimpse.batch.canvases import CanvasOptions, write
    from glimpse.batch.drawings import DrawOptions, show
    from glimpse.batch.films import FilmOptions, sweep
    from glimpse.batch.outcomes import Outcome
    from glimpse.batch.patches import read
    from glimpse.batch.placements import Frame, Placement
    from glimpse.batch.runner import Run
    from glimpse.batch.tables.rows import read_table

__all__ = [
    "CanvasOptions",
    "DrawOptions",
    "FilmOptions",
    "Frame",
    "Outcome",
    "Placement",
    "Run",
    "read",
    "read_table",
    "show",
    "sweep",
    "write",
]

_HOMES = {
    "CanvasOptions": "canvases",
    "DrawOptions": "drawings",
    "FilmOptions": "films",
    "Outcome": "outcomes",
    "Frame": "placements",
    "Placement": "placements",
    "Run": "runner",
    "read": "patches",
    "read_table": "tables.rows",
    "show": "drawings",
    "sweep": "films",
    "write": "canvases",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'glimpse.batch' has no attribute {name!r}")
    return getattr(import_module(f"glimpse.batch.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
