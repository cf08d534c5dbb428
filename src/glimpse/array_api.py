"""Arrays of NumPy and of other libraries, which follow the array API standard, told apart in one place."""

from __future__ import annotations

import sys
from typing import Any


def is_not_numpy(value: object) -> bool:
    """Tell whether this is an array of another library than NumPy, such as a PyTorch tensor."""
    if isinstance(value, float | int):
        return False
    numpy = sys.modules.get("numpy")  # a caller with a tensor has imported its library
    if numpy is not None and isinstance(value, numpy.ndarray | numpy.generic):
        return False
    return hasattr(value, "__array_namespace__") or _is_tensor(value)


def namespace(*values: object) -> Any:
    """Return the module of functions for these values: of the first array that is not NumPy's, else NumPy.

    https://data-apis.org/array-api. PyTorch's own functions are those of the standard as far as
    glimpse uses them.
    """
    for value in values:
        if is_not_numpy(value):
            return sys.modules["torch"] if _is_tensor(value) else value.__array_namespace__()  # type: ignore[attr-defined]
    import numpy

    return numpy


def arange_like(first: int, stop: int, like: Any) -> Any:
    """Return the numbers from first to stop - 1 as an array of the kind, type and device of another."""
    return namespace(like).arange(first, stop, dtype=like.dtype, device=_device(like))


def promote(*values: Any) -> list[Any]:
    """Return values as arrays of one kind, type and device: those of the arrays that are not NumPy's."""
    xp, foreign = namespace(*values), [value for value in values if is_not_numpy(value)]
    zeros = [xp.zeros((), dtype=value.dtype) for value in foreign if "float" in str(value.dtype)]
    dtype = sum(zeros[1:], start=zeros[0]).dtype if zeros else xp.float32
    place = {"dtype": dtype, "device": _device(foreign[0])}
    return [_cast(v, dtype) if is_not_numpy(v) else xp.asarray(v, **place) for v in values]


def _device(array: Any) -> Any:
    return getattr(array, "device", None)  # an array that jit or vmap traces has no device yet


def _cast(array: Any, dtype: Any) -> Any:
    if array.dtype == dtype:
        return array
    return array.to(dtype) if _is_tensor(array) else namespace(array).astype(array, dtype)


def _is_tensor(value: object) -> bool:
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.Tensor)
