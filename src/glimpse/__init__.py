"""Crop images the way a neural network looks at them.

The selective attention layer of DRAW (Gregor et al. 2015, arXiv:1502.04623) in NumPy: `read` crops and
rescales with two banks of filters, `write` is its transpose.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from glimpse.attention.derivatives import read_jacobian, read_vjp, write_vjp
    from glimpse.attention.labels import read_labels, write_labels
    from glimpse.attention.layer import read, read_many, write
    from glimpse.attention.matrices import filterbank, filterbank_partials
    from glimpse.attention.restoration import restore, restore_many
    from glimpse.errors import GlimpseError
    from glimpse.levels import from_light, to_light
    from glimpse.notebook import explore, profile, show, sweep
    from glimpse.registration.location import Location, locate
    from glimpse.window import Window
    from glimpse.window.span import Span

__version__ = "0.1.0"

__all__ = [
    "GlimpseError",
    "Location",
    "Span",
    "Window",
    "explore",
    "filterbank",
    "filterbank_partials",
    "from_light",
    "locate",
    "profile",
    "read",
    "read_jacobian",
    "read_labels",
    "read_many",
    "read_vjp",
    "restore",
    "restore_many",
    "show",
    "sweep",
    "to_light",
    "write",
    "write_labels",
    "write_vjp",
]

_HOMES = {
    "GlimpseError": "errors",
    "Span": "window.span",
    "Window": "window",
    **dict.fromkeys(("read", "read_many", "write"), "attention.layer"),
    **dict.fromkeys(("read_labels", "write_labels"), "attention.labels"),
    **dict.fromkeys(("read_jacobian", "read_vjp", "write_vjp"), "attention.derivatives"),
    **dict.fromkeys(("restore", "restore_many"), "attention.restoration"),
    **dict.fromkeys(("filterbank", "filterbank_partials"), "attention.matrices"),
    **dict.fromkeys(("from_light", "to_light"), "levels"),
    **dict.fromkeys(("Location", "locate"), "registration.location"),
    **dict.fromkeys(("explore", "profile", "show", "sweep"), "notebook"),
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'glimpse' has no attribute {name!r}")
    # NumPy costs 0.1 s, which `glimpse --help` need not pay
    return getattr(import_module(f"glimpse.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
