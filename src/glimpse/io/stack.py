"""Many patches in one file: an NPY array of them all, or an NPZ archive with the numbers of each window."""

from __future__ import annotations

import io
import os
from array import array
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from glimpse.errors import GlimpseError, about
from glimpse.io.files import Draft, translate_os_errors

if TYPE_CHECKING:
    import zipfile

PATCHES = "patches"
"""The name of the array of patches in an archive."""

SUFFIXES = (".npz", ".npy")
"""Endings of stacks; only the first keeps more than the patches."""

_PIECE = 1 << 20  # bytes copied at once


class Stack:
    """Patches of one shape, added in any order; whole under its name at the end, or absent.

    The patches wait on the disk, so that the memory is bounded however many there are.

    Parameters
    ----------
    name : str
        Ends in ``.npz`` or ``.npy``.
    overwrite : bool
        Whether a file of that name is replaced.
    """

    def __init__(self, name: str, *, overwrite: bool) -> None:
        self._name, self._overwrite = name, overwrite
        self._first: NDArray[Any] | None = None
        self._broken: GlimpseError | None = None
        self.kept = array("q")
        """The index of each patch, in the order of their coming."""

    def __enter__(self) -> Stack:
        import tempfile  # with zipfile 8 ms, which a single patch need not pay

        with about(f"-o {self._name}"), translate_os_errors():
            folder = os.path.dirname(self._name) or "."
            os.makedirs(folder, exist_ok=True)
            self._scratch: BinaryIO = tempfile.TemporaryFile(dir=folder)
        return self

    def __exit__(self, *_: object) -> None:
        self._scratch.close()

    def add(self, index: int, patch: NDArray[Any]) -> None:
        """Add a patch; an index decides its place among the others.

        Raises
        ------
        GlimpseError
            If it has another shape or type than the first one, or the disk is full.
        """
        first = self._first = patch if self._first is None else self._first
        if (patch.shape, patch.dtype) != (first.shape, first.dtype):
            raise GlimpseError(
                f"its patch of {_told(patch)} does not go into a stack of {_told(first)}; "
                "write those to a file of their own"
            )
        if self._broken:
            raise self._broken
        try:
            with about(f"-o {self._name}"), translate_os_errors():
                self._scratch.seek(index * patch.nbytes)
                self._scratch.write(np.ascontiguousarray(patch).data)
        except GlimpseError as error:  # half a patch is there
            self._broken = error
            raise
        self.kept.append(index)

    def order(self) -> NDArray[np.int64]:
        """Return which patch of `kept` comes first, second..."""
        return np.argsort(self.kept)

    def publish(self, columns: Iterable[tuple[str, NDArray[Any]]]) -> None:
        """Write the file, with arrays about the patches, in `order`, where it is an archive.

        Raises
        ------
        GlimpseError
            If some patch could not be kept, or the system refuses.
        """
        with about(f"-o {self._name}"):
            if self._broken:
                raise self._broken
            with Draft(self._name, overwrite=self._overwrite) as draft:
                with translate_os_errors():
                    if self._name.lower().endswith(".npz"):
                        self._archive(draft.file, columns)
                    else:
                        self._copy(draft.file)
                draft.publish()

    def _archive(self, file: BinaryIO, columns: Iterable[tuple[str, NDArray[Any]]]) -> None:
        import zipfile

        with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
            with archive.open(_member(PATCHES), "w", force_zip64=True) as member:
                self._copy(member)
            for name, array in columns:
                with archive.open(_member(name), "w", force_zip64=True) as member:
                    np.lib.format.write_array(member, array, allow_pickle=False)

    def _copy(self, file: Any) -> None:
        """The array of all patches in NumPy's own format."""
        first = np.empty((), np.uint8) if self._first is None else self._first
        header = io.BytesIO()
        description = {"descr": np.lib.format.dtype_to_descr(first.dtype), "fortran_order": False}
        np.lib.format.write_array_header_1_0(header, {**description, "shape": (len(self.kept), *first.shape)})
        file.write(header.getvalue())
        for start, stop in _runs(np.sort(self.kept)):
            self._scratch.seek(start * first.nbytes)
            left = (stop - start) * first.nbytes
            while piece := self._scratch.read(min(left, _PIECE)):
                file.write(piece)
                left -= len(piece)


def _runs(indices: NDArray[np.int64]) -> Iterable[tuple[int, int]]:
    """The first and the one behind the last index of each gapless run of rising indices."""
    gaps = np.flatnonzero(np.diff(indices) != 1) + 1
    for run in np.split(indices, gaps) if len(indices) else []:
        yield int(run[0]), int(run[-1]) + 1


def _member(name: str) -> zipfile.ZipInfo:
    """A member without a date: the same command gives the same bytes."""
    import zipfile

    return zipfile.ZipInfo(f"{name}.npy", (1980, 1, 1, 0, 0, 0))


def _told(patch: NDArray[Any]) -> str:
    return f"{' x '.join(map(str, patch.shape))} {patch.dtype}"
