"""Every file of a folder, read by glimpse and by a second decoder: what fails, what differs, what costs much.

    python tests/hostile/collection.py DIR [--seconds 10] [--gigabytes 1]

By hand, on a collection that is not in the repository (PngSuite, libtiff's pictures, a camera's photographs).
Each file is read in a process of its own with bounds of memory and time; tifffile and imagecodecs (the extras
`test` and `deep`) are the second decoder. Lines tell of files that differ; the last one counts.
"""

import argparse
import json
import re
import resource
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np

FOREIGN = re.compile(r"Traceback|Errno|object is not|object has|literal|NoneType|Warning")


def second(path, bits):
    """The pixels by another decoder, in the levels of the file, None where it has none for it."""
    import imagecodecs
    import tifffile

    data = path.read_bytes()
    if data[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
        with tifffile.TiffFile(path) as tiff:
            page = tiff.pages[0]
            array, colours = page.asarray(), page.colormap
            return array if colours is None else colours.T[array]
    decoders = {
        b"\x89PNG": imagecodecs.png_decode,
        b"\xff\xd8\xff": imagecodecs.jpeg8_decode,
        b"GIF8": lambda data: imagecodecs.gif_decode(data, index=0),
        b"BM": imagecodecs.bmp_decode,
        b"RIFF": imagecodecs.webp_decode,
    }
    begin = next((begin for begin in decoders if data.startswith(begin)), None)
    if begin is None and data[4:8] == b"ftyp":
        return imagecodecs.avif_decode(data, index=0)
    return decoders[begin](data) if begin else None


def visible(array, white):
    """Colours multiplied by alpha, as shares of white, grey as one channel."""
    array = np.atleast_3d(np.asarray(array, float)) / white
    if array.shape[2] in (2, 4):
        array = np.concatenate([array[..., :-1] * array[..., -1:], array[..., -1:]], axis=2)
    return array


def one(path, seconds, gigabytes):
    """Read a file in this process, which is then at its end; print what became of it."""
    resource.setrlimit(resource.RLIMIT_AS, (6 << 30, 6 << 30))
    resource.setrlimit(resource.RLIMIT_CPU, (6 * seconds, 6 * seconds))
    from glimpse import GlimpseError
    from glimpse.io import DecodeOptions, load_picture

    try:
        picture = load_picture(str(path), DecodeOptions((0, 255)))
        pixels = np.atleast_3d(np.asarray(picture.pixels, float)) / picture.white
        told = {"read": True, "shape": picture.shape, "notes": list(picture.notes)}
    except GlimpseError as error:
        print(json.dumps({"read": False, "said": str(error), **spent()}))
        return
    print(json.dumps({**told, **spent()}), flush=True)
    try:
        other = second(path, picture.white)
        if other is None or other.dtype.kind not in "bu" or other.dtype.itemsize > 2:  # numbers have no white
            return
        other = visible(other, 1 if other.dtype == bool else np.iinfo(other.dtype).max)
    except Exception as error:
        print(json.dumps({"other": f"{type(error).__name__}: {error}"[:100]}))
        return
    print(json.dumps({"other": compared(pixels, other)}))


def compared(pixels, other):
    """The largest difference in shares of white, whichever way the other lies, or a word on shapes."""
    turned = [np.rot90(side, k) for side in (other, other[::-1]) for k in range(4)]
    turned = [side for side in turned if side.shape[:2] == pixels.shape[:2]]
    if not turned:
        return f"{pixels.shape} here, {other.shape} there"
    return min(difference(pixels, side) for side in turned)


def difference(pixels, other):
    """The largest difference of the channels that both have."""
    if pixels.shape[2] != other.shape[2]:
        few = min(pixels.shape[2], other.shape[2])
        pixels, other = pixels[..., : 3 if few > 2 else 1], other[..., : 3 if few > 2 else 1]
        other = other if other.shape[2] == pixels.shape[2] else np.broadcast_to(other[..., :1], pixels.shape)
        pixels = (
            pixels if other.shape[2] == pixels.shape[2] else np.broadcast_to(pixels[..., :1], other.shape)
        )
    return float(np.abs(pixels - other).max())


def spent():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return {"seconds": used.ru_utime + used.ru_stime, "bytes": used.ru_maxrss * 1024}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--gigabytes", type=float, default=1)
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one:
        one(asked.folder, asked.seconds, asked.gigabytes)
        return
    counts = Counter()
    for path in sorted(path for path in asked.folder.rglob("*") if path.is_file()):
        words = [
            sys.executable,
            "-W",
            "ignore",
            __file__,
            str(path),
            "--one",
            "--seconds",
            str(asked.seconds),
        ]
        done = subprocess.run(words, capture_output=True, text=True)
        found = {key: value for line in done.stdout.splitlines() for key, value in json.loads(line).items()}
        faults = []
        if "read" not in found:
            faults.append("no answer: " + (done.stderr.strip().splitlines() or ["killed"])[-1])
        elif found["seconds"] > asked.seconds or found["bytes"] > asked.gigabytes * 1e9:
            faults.append(f"{found['seconds']:.1f} s, {found['bytes'] / 1e6:.0f} MB")
        if FOREIGN.search(found.get("said", "")):
            faults.append(found["said"])
        other = found.get("other")
        if isinstance(other, float) and other > 1.5 / 255 and not found["notes"]:
            faults.append(f"{other:.3f} of white from the second decoder, without a note")
        elif isinstance(other, str):
            faults += [other] if " here, " in other and not found["notes"] else []
        counts["files"] += 1
        counts["read"] += bool(found.get("read"))
        counts["compared"] += isinstance(other, float)
        counts["faults"] += bool(faults)
        for fault in faults:
            print(f"{path}: {fault}", flush=True)
    told = ", ".join(f"{counts[what]} {what}" for what in ("files", "read", "compared"))
    print(f"{told}, {counts['faults']} with faults")


if __name__ == "__main__":
    main()
