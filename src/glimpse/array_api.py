"""Arrays of NumPy and of other libraries, which follow the array API standard, told apart in one place."""

from __future__ import annotations

import sys
from functools import cache, reduce
from importlib import import_module
from typing import Any

from glimpse.errors import GlimpseError


def is_not_numpy(value: object) -> bool:
    """Tell whether this is an array of another library than NumPy, such as a PyTorch tensor."""
    if isinstance(value, (float, int)):
        return False
    if is_tensor(value):
        return True
    numpy = sys.modules.get("numpy")  # a caller with a tensor has imported its library
    if numpy is not None and isinstance(value, (numpy.ndarray, numpy.generic)):
        return False
    return hasattr(value, "__array_namespace__")


def namespace(*values: object) -> Any:
    """Return the module of functions for these values: of the first array that is not NumPy's, else NumPy.

    https://data-apis.org/array-api. PyTorch's own functions are those of the standard as far as
    glimpse uses them.
    """
    for value in values:
        if is_not_numpy(value):
            return sys.modules["torch"] if is_tensor(value) else value.__array_namespace__()  # type: ignore[attr-defined]
    import numpy

    return numpy


def register_pytree(kind: type, split: Any, join: Any) -> None:
    """Tell JAX and PyTorch, where they are imported, how a kind of object is taken apart and put together."""
    for library, register in (("jax", _register_jax), ("torch", _register_torch)):
        if library in sys.modules and library not in _REGISTERED:
            _REGISTERED.add(library)
            register(kind, split, join)


_REGISTERED: set[str] = set()


def _register_jax(kind: type, split: Any, join: Any) -> None:
    sys.modules["jax"].tree_util.register_pytree_node(kind, split, join)


def _register_torch(kind: type, split: Any, join: Any) -> None:
    pytree = import_module("torch.utils._pytree")  # PyTorch has no public name for it yet
    pytree.register_pytree_node(kind, split, lambda leaves, rest: join(rest, leaves))


def arange_like(first: float, stop: float, like: Any) -> Any:
    """Return the numbers first, first + 1... below stop along the last axis, of another's kind and rank."""
    numbers = namespace(like).arange(first, stop, dtype=like.dtype, device=_device(like))
    return numbers[(None,) * (like.ndim - 1) + (...,)]


def is_numpy_array(value: object) -> bool:
    """Tell whether this is an array of NumPy's, with or without axes."""
    numpy = sys.modules.get("numpy")
    return numpy is not None and isinstance(value, numpy.ndarray)


def is_picture(value: object) -> bool:
    """Tell whether this is a picture of Pillow's."""
    pillow = sys.modules.get("PIL.Image")
    return pillow is not None and isinstance(value, pillow.Image)


def is_compiling() -> bool:
    """Tell whether PyTorch is compiling, exporting or tracing, so that values of tensors must not decide."""
    torch = sys.modules.get("torch")
    return torch is not None and bool(torch.compiler.is_compiling() or torch.jit.is_tracing())


def is_exporting() -> bool:
    """Tell whether PyTorch is exporting a graph for sizes that it does not know."""
    torch = sys.modules.get("torch")
    asks = torch and getattr(torch.compiler, "is_exporting", torch.compiler.is_compiling)
    return bool(asks and asks())


def is_jax(value: object) -> bool:
    """Tell whether this is an array of JAX, traced or not."""
    jax = sys.modules.get("jax")
    return jax is not None and isinstance(value, jax.Array)


def values_at_hand(array: Any) -> Any:
    """Return the values of an array as NumPy's, or None while they are traced or on another device."""
    try:
        if is_tensor(array):
            if array.device.type != "cpu" or is_compiling():
                return None
            values = array.detach()
            if array.is_complex():
                return values.resolve_conj().numpy()
            return (values.double() if values.itemsize < 4 else values).numpy()
        if getattr(_device(array), "platform", "cpu") != "cpu":
            return None
        import numpy

        values = numpy.asarray(array)
        return values if values.dtype.kind in "iufc" else None
    except (
        TypeError,
        RuntimeError,
        ValueError,
        NotImplementedError,
    ):  # of tracers, by each library's own name
        return None


def promote(*values: Any) -> list[Any]:
    """Return values as arrays of one kind, type and device: those of the arrays that are not NumPy's.

    The type is that of their floating-point numbers, and at least single precision.
    """
    xp, foreign = namespace(*values), [value for value in values if is_not_numpy(value)]
    if not foreign:
        arrays = [xp.asarray(value) for value in values]
        if any(array.dtype.kind == "c" for array in arrays):
            raise TypeError("complex numbers are no places")
        return [array.astype(xp.float64, copy=False) for array in arrays]
    dtype = result_type(*values, least=True)
    place = {"dtype": dtype, "device": _device(foreign[0])}
    return [cast(v, dtype) if is_not_numpy(v) else xp.asarray(native(v), **place) for v in values]


def asarray_like(value: Any, like: Any, dtype: Any) -> Any:
    """Return a number as an array of another's kind and device, in this type."""
    return namespace(like).asarray(value, dtype=dtype, device=_device(like))


def result_type(*values: Any, least: bool = False) -> Any:
    """Return the floating-point type of results from arrays not NumPy's; at least single, or as they are."""
    xp, given = namespace(*values), dict.fromkeys(v.dtype for v in values if is_not_numpy(v))
    kinds = [kind for kind in given if "float" in str(kind)]
    if least or not kinds:
        kinds.append(xp.float32)
    promoted = xp.promote_types if hasattr(xp, "promote_types") else xp.result_type
    return reduce(lambda one, other: one if one == other else promoted(one, other), kinds)


def double_type(array: Any) -> Any:
    """Return the type of double precision, or the array's own where its library or device has none."""
    xp = namespace(array)
    single = is_jax(array) and not sys.modules["jax"].config.jax_enable_x64
    return array.dtype if single or getattr(_device(array), "type", "") == "mps" else xp.float64


def native(value: Any) -> Any:
    """Return NumPy's array in the layout and byte order that every library takes, others as they are."""
    if not is_numpy_array(value) or value.dtype.kind not in "biuf":
        return value
    import numpy

    wide = value.dtype.kind == "f" and value.dtype.itemsize >= 8
    return numpy.array(value, numpy.float64 if wide else numpy.float32, order="C")


def constant(array: Any) -> Any:
    """Return the array without its gradient."""
    if is_tensor(array):
        return array.detach()
    return sys.modules["jax"].lax.stop_gradient(array) if is_jax(array) else array


def once(array: Any, message: str) -> Any:
    """Return the array, by which one may differentiate once: a second derivative raises with this message."""
    if is_tensor(array):
        followed = array.requires_grad or not is_compiling()  # forward derivatives do not say that they are
        return _torch_once().apply(array, message) if followed else array
    return _jax_once()(array, message) if is_jax(array) else array


@cache
def _torch_once() -> Any:
    torch = import_module("torch")

    class Nothing(torch.autograd.Function):  # type: ignore[misc, name-defined]
        """Zeros for an array, in the place of how a gradient depends on it, which nobody has written down."""

        generate_vmap_rule = True

        @staticmethod
        def forward(array, message):  # type: ignore[no-untyped-def]
            return torch.zeros_like(array)

        @staticmethod
        def setup_context(ctx, inputs, output):  # type: ignore[no-untyped-def]
            ctx.message = inputs[1]

        @staticmethod
        def backward(ctx, gradient):  # type: ignore[no-untyped-def]
            raise GlimpseError(ctx.message)

        @staticmethod
        def jvp(ctx, *_):  # type: ignore[no-untyped-def]
            raise GlimpseError(ctx.message)

    class Once(torch.autograd.Function):  # type: ignore[misc, name-defined]
        generate_vmap_rule = True

        @staticmethod
        def forward(array, message):  # type: ignore[no-untyped-def]
            return array.clone()

        @staticmethod
        def setup_context(ctx, inputs, output):  # type: ignore[no-untyped-def]
            ctx.save_for_backward(inputs[0])
            ctx.save_for_forward(inputs[0])
            ctx.message = inputs[1]

        @staticmethod
        def backward(ctx, gradient):  # type: ignore[no-untyped-def]
            return gradient + Nothing.apply(*ctx.saved_tensors, ctx.message), None

        @staticmethod
        def jvp(ctx, tangent, message):  # type: ignore[no-untyped-def]
            return tangent + Nothing.apply(*ctx.saved_tensors, ctx.message)

    return Once


@cache
def _jax_once() -> Any:
    jax = import_module("jax")

    def one(message: str, primals: Any, tangents: Any) -> Any:
        if isinstance(tangents[0], jax.custom_derivatives.SymbolicZero):
            return jax.numpy.ones_like(primals[0]), jax.numpy.zeros_like(primals[0])
        raise GlimpseError(message)

    ones = jax.custom_jvp(lambda array, message: jax.numpy.ones_like(array), nondiff_argnums=(1,))
    ones.defjvp(one, symbolic_zeros=True)
    once = jax.custom_jvp(lambda array, message: array, nondiff_argnums=(1,))
    once.defjvp(lambda message, primals, tangents: (*primals, tangents[0] * ones(*primals, message)))
    return once


def softmax(array: Any) -> Any:
    """Return the exponentials over the last axis, divided by their sum; none of the exponents is above 0.

    NumPy's take the place of the exponents.
    """
    if is_numpy_array(array):
        import numpy

        numpy.exp(array, out=array)
        array /= array.sum(axis=-1, keepdims=True)
        return array
    if is_tensor(array):
        return array.softmax(-1)
    if is_jax(array):
        return sys.modules["jax"].nn.softmax(array, axis=-1)
    xp = namespace(array)
    weights = xp.exp(array)
    return weights / xp.sum(weights, axis=-1, keepdims=True)


def _device(array: Any) -> Any:
    return getattr(array, "device", None)  # an array that jit or vmap traces has no device yet


def cast(array: Any, dtype: Any) -> Any:
    """Return the array in another type."""
    if array.dtype == dtype:
        return array
    if is_tensor(array):
        return array.to(dtype)
    return array.astype(dtype) if hasattr(array, "astype") else namespace(array).astype(array, dtype)


def is_tensor(value: object) -> bool:
    """Tell whether this is a PyTorch tensor."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.Tensor)
