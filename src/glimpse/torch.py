"""The attention layer as a module of PyTorch's."""

from __future__ import annotations

from typing import Any

import torch

from glimpse.attention.layer import read, write
from glimpse.window import Window


class Attention(torch.nn.Module):  # type: ignore[misc]
    """Look at an image, and write on a canvas, where the outputs of a network say.

    Parameters
    ----------
    n : int or (int, int)
        Samples of a patch.
    features : int or None
        The length of the hidden vectors that say where; a linear layer then makes the outputs of them, which
        begins with the whole image. None where the outputs themselves are given.
    outputs : {5, 3}
        Numbers of a window, as `Window.from_outputs` has them.
    **options
        sigma, bounded, kernel, edge, as for `Window.from_outputs`.

    Examples
    --------
    >>> look = Attention(12, features=64, bounded=True)
    >>> image, hidden = torch.rand(8, 3, 60, 80), torch.rand(8, 64)
    >>> patch = look(image, hidden)
    >>> patch.shape, look.write(patch, hidden, (60, 80)).shape
    (torch.Size([8, 3, 12, 12]), torch.Size([8, 3, 60, 80]))
    """

    def __init__(self, n: Any, features: int | None = None, *, outputs: int = 5, **options: Any) -> None:
        super().__init__()
        self.n, self.options = n, options
        self.where = torch.nn.Identity() if features is None else torch.nn.Linear(features, outputs)
        for parameter in self.where.parameters():
            torch.nn.init.zeros_(parameter)

    def window(self, hidden: Any, shape: Any) -> Window:
        """Return the windows over images of this shape that hidden vectors mean."""
        return Window.from_outputs(self.where(hidden), shape, self.n, **self.options)

    def forward(self, image: Any, hidden: Any) -> Any:
        """Read the patches (..., n, n) of images (..., A, B)."""
        return read(image, self.window(hidden, tuple(image.shape[-2:])), channel_axis=None)

    def write(self, patch: Any, hidden: Any, shape: tuple[int, int]) -> Any:
        """Write patches on canvases of this shape."""
        return write(patch, self.window(hidden, shape), shape)

    def extra_repr(self) -> str:
        """Say how the module looks, when it is printed."""
        return ", ".join([f"n={self.n}", *(f"{name}={value!r}" for name, value in self.options.items())])
