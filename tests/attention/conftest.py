"""Each library of arrays, or the words to skip a test with where it is not installed."""

import importlib

import pytest
from tensors import LIBRARIES


@pytest.fixture(params=LIBRARIES)
def xp(request):
    """The functions of a library, its numbers in double precision."""
    module = pytest.importorskip(
        LIBRARIES[request.param],
        reason=f"{request.param} is not installed: the extras torch and jax bring it",
    )
    if request.param == "jax":
        jax = importlib.import_module("jax")
        jax.config.update("jax_enable_x64", True)
    return module


@pytest.fixture
def torch():
    return pytest.importorskip("torch", reason="PyTorch is not installed: the extra torch brings it")


@pytest.fixture
def jax():
    jax = pytest.importorskip("jax", reason="JAX is not installed: the extra jax brings it")
    jax.config.update("jax_enable_x64", True)
    return jax
