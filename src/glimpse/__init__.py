"""Crop images the way a neural network looks at them.

The selective attention layer of DRAW (Gregor et al. 2015, arXiv:1502.04623) in NumPy: `read` crops and
rescales with two banks of filters, `write` is its transpose.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from glimpse.attention import read, restore, write
    from glimpse.filterbank import filterbank
    from glimpse.window import GlimpseError, Window

__all__ = ["GlimpseError", "Window", "filterbank", "read", "restore", "write"]

_HOMES = {"GlimpseError": "window", "Window": "window", "filterbank": "filterbank"}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'glimpse' has no attribute {name!r}")
    # NumPy costs 0.1 s, which `glimpse --help` need not pay
    return getattr(import_module(f"glimpse.{_HOMES.get(name, 'attention')}"), name)


def __dir__() -> list[str]:
    return __all__
