"""A stack of patches read back: its pictures, and the window of each. Anyone may have written it."""

from __future__ import annotations

import math
import os
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from glimpse.errors import GlimpseError
from glimpse.io.decode_options import DEFAULT, DecodeOptions
from glimpse.io.files import open_input
from glimpse.io.npy import npy_header, scaled
from glimpse.io.picture import Picture
from glimpse.io.record import Record
from glimpse.io.stack import PATCHES
from glimpse.limits import DECODER_BYTES
from glimpse.typing import Array
from glimpse.validation import checked_shape
from glimpse.window import NUMBERS, Window

_TEXT_BYTES = 1 << 14  # of one cell: file names are shorter, and an archive of few bytes may claim gigabytes


@dataclass(frozen=True)
class PatchStack:
    """Patches of one shape.

    Parameters
    ----------
    patches : ndarray, shape (K, N, M) or (K, N, M, C)
        Whole levels as a PNG has them, or exact numbers.
    columns : mapping of str to ndarray
        The facts of each patch in an archive: the numbers of its window, its image, the image's shape.
    options : DecodeOptions
        The user's options of numbers and of sizes.
    """

    patches: Array
    columns: Mapping[str, NDArray[Any]]
    options: DecodeOptions = DEFAULT

    def __len__(self) -> int:
        return len(self.patches)

    def picture(self, index: int) -> Picture:
        """Return a patch as the picture that its PNG, or its NPY, would be.

        Raises
        ------
        GlimpseError
            If it has values that are not finite.
        """
        patch = self.patches[index]
        if not np.isfinite(patch).all():
            raise GlimpseError("the patch has values that are not finite")
        white = 65535 if patch.dtype == np.uint16 else 255
        if self.options.levels:
            return Picture(scaled(patch, self.options.levels), 255, exact=True)
        if patch.dtype.kind == "u" and patch.shape[2:] in ((2,), (4,)):
            light = patch[..., :-1] * (patch[..., -1:] / np.float32(white))
            return Picture(np.concatenate([light, patch[..., -1:]], axis=2), white, alpha=True)
        return Picture(patch, white, exact=True)

    def record(self, index: int, shape: tuple[int, int] | None = None) -> Record | None:
        """Return the record that the file of a patch would carry, None where the stack knows no window.

        Parameters
        ----------
        index : int
            Which patch.
        shape : (int, int) or None
            Of the canvas, where the stack does not say from how large an image the patch was read.

        Raises
        ------
        GlimpseError
            If a number is out of its range, or there is no shape.
        """
        if not {"gx", "gy", "delta", "sigma"} <= set(self.columns):
            return None
        values = {name: _plain(array[index]) for name, array in self.columns.items()}
        size, source = values.pop("shape", shape), values.pop("image", "")
        if size is None:
            raise GlimpseError("the stack does not say how large its images are; give --canvas ROWS,COLS")
        window = Window.from_dict({**values, "n": list(self.patches.shape[1:3])})
        shape = checked_shape(list(size), self.options.max_pixels)
        return Record(window, shape, os.path.basename(source))


def _plain(value: Any) -> Any:
    return value.tolist()


def load_stack(name: str, options: DecodeOptions = DEFAULT) -> PatchStack:
    """Read an NPY array of patches, or an NPZ archive with the windows of its patches.

    Raises
    ------
    GlimpseError
        If it is none, is damaged, or is too large.
    """
    with open_input(name) as file:
        head = file.read(2)
        file.seek(0)
        try:
            if head != b"PK":
                return PatchStack(_patches(file, options), {}, options)
            with zipfile.ZipFile(file) as archive:
                with archive.open(f"{PATCHES}.npy") as member:
                    patches = _patches(member, options)
                return PatchStack(patches, _columns(archive, len(patches)), options)
        except GlimpseError:
            raise
        except Exception as error:  # of zipfile and of the decompressors underneath, each with its own
            raise GlimpseError(f"not a stack of patches: {error}") from None


def _patches(file: Any, options: DecodeOptions) -> Array:
    shape, turned, dtype = npy_header(file)
    if len(shape) not in (3, 4) or 0 in shape or dtype.kind not in "biuf":
        raise GlimpseError(f"an array of shape {shape} and type {dtype} is no stack of patches")
    work = max(1, math.prod(shape[3:]) * dtype.itemsize / DECODER_BYTES["16-bit colour"])
    if math.prod(shape[:3]) * work > options.max_pixels:
        raise GlimpseError(
            f"{shape[0]} patches of {shape[1]} x {shape[2]} are more than {options.max_pixels} pixels; "
            "--max-pixels raises the limit"
        )
    array = _numbers(file, shape, turned, dtype)
    return array[..., 0] if array.ndim == 4 and array.shape[3] == 1 else array


def _numbers(file: BinaryIO, shape: tuple[int, ...], turned: bool, dtype: np.dtype[Any]) -> Array:
    size = math.prod(shape) * dtype.itemsize
    data = file.read(size)
    if len(data) < size:
        raise GlimpseError("cannot be decoded: the file is shorter than its header says")
    return np.frombuffer(data, dtype).reshape(shape, order="F" if turned else "C")


def _columns(archive: zipfile.ZipFile, count: int) -> dict[str, NDArray[Any]]:
    """The columns that are a window's, or its image's."""
    known = {f"{name}.npy": name for name in (*NUMBERS, "kernel", "edge", "image", "shape")}
    columns = {}
    for member in archive.namelist():
        if name := known.get(member):
            with archive.open(member) as file:
                columns[name] = _column(name, file, count)
    return columns


def _column(name: str, file: Any, count: int) -> NDArray[Any]:
    shape, turned, dtype = npy_header(file)
    kind = "U" if name in ("kernel", "edge", "image") else "biuf"
    lengths = ((count,), (count, 2)) if kind != "U" else ((count,),)
    if shape not in lengths or dtype.kind not in kind or dtype.itemsize > _TEXT_BYTES:
        raise GlimpseError(f"its column {name} is of shape {shape} and type {dtype}")
    return _numbers(file, shape, turned, dtype)
