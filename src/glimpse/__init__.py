"""Crop images the way a neural network looks at them.

The selective attention layer of DRAW (Gregor et al. 2015, arXiv:1502.04623) in NumPy: `read` crops and
rescales with two banks of filters, `write` is its transpose.
"""

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from glimpse.attention import read, read_many, restore, write
    from glimpse.derivatives import read_jacobian, read_vjp, write_vjp
    from glimpse.errors import GlimpseError
    from glimpse.filterbank import filterbank, filterbank_partials
    from glimpse.locate import Location, locate
    from glimpse.window import Window

__version__ = "0.1.0"

__all__ = [
    "GlimpseError",
    "Location",
    "Window",
    "filterbank",
    "filterbank_partials",
    "locate",
    "read",
    "read_jacobian",
    "read_many",
    "read_vjp",
    "restore",
    "write",
    "write_vjp",
]

_HOMES = {"GlimpseError": "errors", "Window": "window", "filterbank": "filterbank"}
_HOMES |= {"filterbank_partials": "filterbank", "Location": "locate", "locate": "locate"}
_HOMES |= dict.fromkeys(("read_jacobian", "read_vjp", "write_vjp"), "derivatives")


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'glimpse' has no attribute {name!r}")
    # NumPy costs 0.1 s, which `glimpse --help` need not pay
    return getattr(import_module(f"glimpse.{_HOMES.get(name, 'attention')}"), name)


class _Package(ModuleType):
    """Keeps a function from being hidden by the module of the same name when that is imported."""

    def __setattr__(self, name: str, value: Any) -> None:
        same = name in __all__ and isinstance(value, ModuleType)
        super().__setattr__(name, getattr(value, name) if same else value)


sys.modules[__name__].__class__ = _Package


def __dir__() -> list[str]:
    return __all__
