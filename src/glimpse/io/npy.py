"""NumPy's own formats, which anyone may have written: a picture; a stack of patches and their windows."""

from __future__ import annotations

import io
import math
import os
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from glimpse.errors import GlimpseError
from glimpse.io import budget
from glimpse.io.files import open_input
from glimpse.io.picture import DEFAULT, TAKERS, DecodeOptions, Picture, check_finite, scaled
from glimpse.io.record import Record
from glimpse.io.stack import PATCHES
from glimpse.typing import Array
from glimpse.validation import check_pixels, checked_shape
from glimpse.window import NUMBERS, Window

_HEADER = 4096  # bytes of the header
_TEXT_BYTES = 1 << 14  # of one cell: file names are shorter, and an archive of few bytes may claim gigabytes
_PACKED_BYTES = 2  # that an archive may unpack to, for each of the most pixels, if it is shorter than that
_PATCH_PIXELS = 1024  # for which each patch counts at least: a smaller one takes as long to be handed on
_WRITTEN, _PATCH_BYTES = 50_000, 200  # for which it counts where a file has fewer bytes for each


def read_npy(file: BinaryIO, options: DecodeOptions) -> Picture:
    """Return the picture of an NPY file, its header checked before its numbers are read.

    Raises
    ------
    GlimpseError
        If it is not a picture, too large, cut short, or has values that are not finite.
    """
    file.seek(0)
    shape, _, dtype = npy_header(file)
    if len(shape) not in (1, 2, 3) or 0 in shape or dtype.kind not in "biuf":
        raise GlimpseError(f"{_told(shape, dtype)} is no image")
    if len(shape) == 1 and not options.signals:
        signal = f"{_told(shape, dtype)} is no image but a signal; only"
        raise GlimpseError(f"{signal} {TAKERS} take signals")
    rows, cols = shape[:2] if len(shape) > 1 else (1, *shape)
    check_pixels(rows, cols, options.max_pixels)
    start, end = file.tell(), file.seek(0, io.SEEK_END)
    if math.prod(shape) * dtype.itemsize > end - start:
        raise GlimpseError("cannot be decoded: the file is shorter than its header says")
    bands = shape[2] if len(shape) == 3 else 1
    held = max(1, bands * dtype.itemsize / budget.COSTS["16-bit colour"].held)
    check_pixels(rows, cols, options.max_pixels, held, f"{bands} channels of {dtype}")
    file.seek(0)
    array: NDArray[Any] = np.lib.format.read_array(file, allow_pickle=False, max_header_size=_HEADER)
    array = array[..., 0] if array.ndim == 3 and array.shape[2] == 1 else array
    check_finite(array if array.ndim > 1 else array[None])
    if array.ndim == 1:
        from glimpse.io.signals import as_signal  # with csv and wave, which a picture need not pay

        return as_signal(array, options)
    notes: tuple[str, ...] = ()
    if options.levels:
        array = scaled(array, options.levels)
    elif array.dtype.kind == "f" and array.min() >= 0 and array.max() <= 1:
        notes = ("its numbers lie in 0 to 1, where 255 is white; --range 0,1 makes 1 white",)
    return Picture(array, 65535 if array.dtype == np.uint16 else 255, notes=notes, exact=True)


def _told(shape: tuple[int, ...], dtype: np.dtype[Any]) -> str:
    """An array by its shape and type, which may be endless."""
    size, kind = str(shape), str(dtype)
    size = size if len(size) <= 60 else f"({size[1:20]}..., {len(shape)} axes)"
    return f"an array of shape {size} and type {kind if len(kind) <= 60 else kind[:60] + '...'}"


def npy_header(file: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Return shape, whether columns come first, and type of an array; the file then stands at its numbers."""
    first = np.lib.format.read_magic(file) == (1, 0)
    read = np.lib.format.read_array_header_1_0 if first else np.lib.format.read_array_header_2_0
    header: tuple[tuple[int, ...], bool, np.dtype[Any]] = read(file, max_header_size=_HEADER)
    return header


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
        try:
            values: dict[str, Any] = {name: array[index].tolist() for name, array in self.columns.items()}
        except ValueError:  # text that is none
            raise GlimpseError("the stack has a text that cannot be read") from None
        size, source = values.pop("shape", shape), values.pop("image", "")
        linear = bool(values.pop("linear", False))
        if size is None:
            raise GlimpseError("the stack does not say how large its images are; give --canvas ROWS,COLS")
        window = Window.from_dict({**values, "n": list(self.patches.shape[1:3])})
        shape = checked_shape(list(size), self.options.max_pixels)
        return Record(window, shape, os.path.basename(source), linear=linear)


def load_stack(name: str, options: DecodeOptions = DEFAULT) -> PatchStack:
    """Read an NPY array of patches, or an NPZ archive with the windows of its patches.

    Raises
    ------
    GlimpseError
        If it is none, is damaged, or is too large.
    """
    with open_input(name) as file:
        head, length = file.read(2), file.seek(0, io.SEEK_END)
        file.seek(0)
        if head != b"PK":
            with _damage("not a stack of patches"):
                return PatchStack(_numbers(file, *_patches_header(file, options, length)), {}, options)
        with _damage("not a stack of patches"):
            archive = zipfile.ZipFile(file)
        with archive:
            return _from_archive(archive, length, options)


@contextmanager
def _damage(what: str) -> Iterator[None]:
    """Turn whatever a reader of archives and arrays raises into a line that says so."""
    try:
        yield
    except GlimpseError:
        raise
    except zipfile.BadZipFile as error:
        raise GlimpseError(f"{what}: {error}") from None
    except MemoryError:
        raise GlimpseError(f"{what}: there is not enough memory") from None
    except Exception:  # of zlib, bz2, lzma, zipfile and NumPy, whose words are about their code
        raise GlimpseError(f"{what}, or damaged") from None


def _from_archive(archive: zipfile.ZipFile, length: int, options: DecodeOptions) -> PatchStack:
    """Read an archive of so many bytes: the headers of all its arrays are weighed before one is read."""
    known = {
        f"{name}.npy": name for name in (PATCHES, *NUMBERS, "kernel", "edge", "image", "shape", "linear")
    }
    wanted = [member for member in archive.namelist() if member in known]
    if len(set(wanted)) < len(wanted):
        raise GlimpseError("not a stack of patches: a member stands there twice")
    if f"{PATCHES}.npy" not in wanted:
        raise GlimpseError(f"not a stack of patches: it has no member {PATCHES}.npy")
    packed = {archive.getinfo(member).compress_type for member in wanted}
    if not packed <= {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:  # of others zipfile unpacks all at once
        raise GlimpseError("not a stack of patches: it is packed in a way in which NumPy writes none")
    headers = dict[str, Header]()
    # first the patches, which tell how many there are
    for member in sorted(wanted, key=lambda member: known[member] != PATCHES):
        with (
            _damage(f"not a stack of patches: its member {member} is no array"),
            archive.open(member) as file,
        ):
            name, patches = known[member], headers.get(PATCHES)
            one = (
                _column_header(file, name, patches[0][0])
                if patches
                else _patches_header(file, options, length)
            )
            headers[name] = one
    claimed = sum(math.prod(shape) * dtype.itemsize for shape, _, dtype in headers.values())
    if claimed > max(
        length, _PACKED_BYTES * options.max_pixels
    ):  # some unpack to a thousand times their size
        raise GlimpseError(f"its arrays take {claimed} bytes when unpacked; --max-pixels raises the limit")
    found = {}
    for member in wanted:
        with (
            _damage(f"not a stack of patches: its member {member} is no array"),
            archive.open(member) as file,
        ):
            npy_header(file)
            found[known[member]] = _numbers(file, *headers[known[member]])
    return PatchStack(found.pop(PATCHES), found, options)


Header = tuple[tuple[int, ...], bool, np.dtype[Any]]


def _patches_header(file: Any, options: DecodeOptions, length: int) -> Header:
    shape, turned, dtype = npy_header(file)
    if len(shape) not in (3, 4) or 0 in shape or dtype.kind not in "biuf":
        raise GlimpseError(f"{_told(shape, dtype)} is no stack of patches")
    held = max(1, math.prod(shape[3:]) * dtype.itemsize / budget.COSTS["16-bit colour"].held)
    least = _PATCH_PIXELS if shape[0] * _PATCH_BYTES <= length else _WRITTEN
    pixels = max(math.prod(shape[1:3]), least)
    if shape[0] * pixels * held > options.max_pixels:
        each = "" if pixels == math.prod(shape[1:3]) else f", each of which counts for {pixels},"
        raise GlimpseError(
            f"{shape[0]} patches of {shape[1]} x {shape[2]}{each} are more than {options.max_pixels} pixels; "
            "--max-pixels raises the limit"
        )
    return shape, turned, dtype


def _column_header(file: Any, name: str, count: int) -> Header:
    shape, turned, dtype = npy_header(file)
    kind = "U" if name in ("kernel", "edge", "image") else "biuf"
    lengths = ((count,), (count, 2)) if kind != "U" else ((count,),)
    if shape not in lengths or dtype.kind not in kind or dtype.itemsize > _TEXT_BYTES:
        raise GlimpseError(f"its column {name} is {_told(shape, dtype)}")
    return shape, turned, dtype


def _numbers(file: IO[bytes], shape: tuple[int, ...], turned: bool, dtype: np.dtype[Any]) -> Array:
    size = math.prod(shape) * dtype.itemsize
    data = file.read(size)
    if len(data) < size:
        raise GlimpseError("cannot be decoded: the file is shorter than its header says")
    array = np.frombuffer(data, dtype).reshape(shape, order="F" if turned else "C")
    return array[..., 0] if array.ndim == 4 and array.shape[3] == 1 else array
