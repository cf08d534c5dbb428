"""The window: five numbers, how many filters, which kernel, what lies beyond the edge; its two axes."""

from glimpse.window.window import (
    BLENDS,
    EDGES,
    KERNELS,
    METHODS,
    NUMBERS,
    Axis,
    Blend,
    Edge,
    Kernel,
    Method,
    Window,
    default_sigma,
    per_axis,
)

__all__ = [
    "BLENDS",
    "EDGES",
    "KERNELS",
    "METHODS",
    "NUMBERS",
    "Axis",
    "Blend",
    "Edge",
    "Kernel",
    "Method",
    "Window",
    "default_sigma",
    "per_axis",
]
