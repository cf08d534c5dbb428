"""Signals on the command line: the library's numbers, of every kind of file."""

import wave
from shlex import split

import numpy as np
import pytest
from helpers import invoke, lines, noise, opened

from glimpse import Span, Window, read
from glimpse.drawing import profile

WAVE = np.sin(np.linspace(0, 7, 90)) + np.linspace(0, 1, 90)
WHOLE = np.rint(100 * WAVE).astype(int)


def save_sound(name, samples, width):
    """A WAV of so many bytes a number."""
    samples = np.asarray(samples)
    with wave.open(name, "wb") as file:
        file.setnchannels(1 if samples.ndim == 1 else samples.shape[1])
        file.setsampwidth(width)
        file.setframerate(8000)
        file.writeframes(b"".join(int(value).to_bytes(width, "little", signed=width > 1)
                                  for value in samples.ravel()))  # fmt: skip


def cropped(name, words="--slice 10:60 -n 20"):
    result = invoke("read", name, *split(words), *split("-o out.npy --overwrite"))
    assert result.exit_code == 0, result.stderr
    return np.load("out.npy")


PLACES = {
    "--slice 10:60 -n 20": Span.from_slice("10:60", 90, 20),
    "--slice 10%:50%": Span.from_slice("10%:50%", 90, "native"),
    "--slice -30: -n 7 --kernel box --gamma 2": Span.from_slice("-30:", 90, 7, kernel="box", gamma=2.0),
    "--row 85 --delta 3 --sigma 0.7 -n 9 --edge black": Span(85, 3, 0.7, n=9, edge="black"),
    "--gx 50% -n 9": Span.centered(90, 9, center=44.5),
    "": Span.centered(90),
}


@pytest.mark.parametrize("words", PLACES)
def test_a_crop_of_a_signal_is_the_read_of_the_library(words):
    np.save("a.npy", WAVE)
    np.testing.assert_array_equal(cropped("a.npy", words), read(WAVE, PLACES[words]))


def test_the_pixels_of_a_slice_are_the_samples_themselves():
    np.save("a.npy", WAVE)
    np.testing.assert_array_equal(cropped("a.npy", "--slice 10:60"), WAVE[10:60])


@pytest.mark.parametrize("width", [1, 2, 3, 4])
def test_a_sound_reads_as_its_whole_numbers(width):
    samples = WHOLE // 2 + 100 if width == 1 else WHOLE * 256 ** (width - 2)
    save_sound("a.wav", samples, width)
    np.testing.assert_array_equal(cropped("a.wav", "--slice : -n native"), samples)


def test_the_channels_of_a_sound_are_cropped_each_by_itself():
    both = np.column_stack([WHOLE, -3 * WHOLE[::-1]])
    save_sound("a.wav", both, 2)
    one = [read(channel.astype(np.float32), Span.from_slice("10:60", 90, 20)) for channel in both.T]
    np.testing.assert_allclose(cropped("a.wav"), np.column_stack(one), atol=1e-4)


TABLES = {
    "one column": ("{y!r}\n", "", ""),
    "a name above it": ("{y!r}\n", "level\n", ""),
    "by name": ("{t},{y!r}\n", "\ufefftime,level\n", "--column level"),
    "by number": ('"{t}";"{y!r}"\r\n\r\n', "", "--column 2"),
    "beside words": ("noon\t{y!r}\n", "hour\tlevel\n", "--column level"),
}


@pytest.mark.parametrize("kind", TABLES)
def test_a_column_of_csv_reads_as_its_numbers(kind):
    line, head, words = TABLES[kind]
    text = head + "".join(line.format(t=t, y=y) for t, y in enumerate(WAVE.tolist()))
    with open("a.csv", "w", encoding="utf-8", newline="") as file:
        file.write(text)
    np.testing.assert_array_equal(cropped("a.csv", f"--slice : -n native {words}"), WAVE)


def test_the_profile_of_a_signal_is_the_drawing_of_the_library():
    np.save("a.npy", WAVE)
    result = invoke("show", "a.npy", *split("--slice 10:60 -n 20 --profile -o s.png"))
    assert lines(result.stderr) == ["a.npy: profile, center 34.5, delta 2.5, sigma 1.25 -> s.png"]
    np.testing.assert_array_equal(
        opened("s.png"), profile.profile(WAVE, PLACES["--slice 10:60 -n 20"].window)
    )


def test_a_template_tells_where_a_signal_was_read():
    np.save("a.npy", WAVE)
    invoke("read", "a.npy", *split("--slice 10:60 -n 20 -o"), "{stem}-{gx}-{delta}.npy")
    assert np.load("a-34.5-2.5.npy").shape == (20,)


REFUSED = {
    "read a.npy": "give -o a name that ends in .npy",
    "read a.npy --gx 4 --gy 9 -o b.npy": "leave out --col",
    "read a.npy --box 1,2,3,4 -o b.npy": "leave out --box",
    "read a.npy --slice 1:5,2:7 -o b.npy": "the second slice",
    "read a.npy -n 3,4 -o b.npy": "the second -n",
    "read a.npy --slice 95: -o b.npy": "is empty on an axis of 90",
    "read a.npy --range 0,1 -o b.npy": "leave out --range",
    "read a.npy --column 1 -o b.npy": "--column is of a CSV file",
    "read a.npy -o b.npz": 'of several -o "{stem}.npy"',
    "show a.npy": "no image but a signal",
    "show a.npy --profile column": "has no column",
    "sweep a.npy --gx 1:9": "no image but a signal",
    "read t.csv -o b.npy": "2 columns (time, level); give --column",
    "read t.csv --column 3 -o b.npy": "--column 3 is none of them",
    "read t.csv --column level -o b.npy": "line 3 has no number in column level",
    "read t.csv --column time --max-pixels 1 -o b.npy": "more than 1",
    "read words.csv -o b.npy": "not an image of a known format",
    "read cut.wav -o b.npy": "shorter than its header",
    "read a.wav --max-pixels 9 -o b.npy": "more than 9",
    "read float.wav -o b.npy": "whose samples are not read",
    "show a.wav": "no image but a signal",
}


@pytest.mark.parametrize("command", REFUSED)
def test_what_makes_no_sense_is_refused_in_a_line(command):
    np.save("a.npy", WAVE)
    save_sound("a.wav", WHOLE, 2)
    with open("a.wav", "rb") as file:
        sound = file.read()
    files = {"t.csv": b"time,level\n1,2\n2,nan\n", "words.csv": b"so,it\nis,so\n", "cut.wav": sound[:-9],
             "float.wav": sound[:20] + b"\3" + sound[21:]}  # fmt: skip
    for name, data in files.items():
        with open(name, "wb") as file:
            file.write(data)
    result = invoke(*split(command))
    assert result.exit_code == 1
    (line,) = lines(result.stderr)
    assert REFUSED[command] in line


def test_an_image_is_no_signal():
    np.save("a.npy", noise(1, 90)[0:1])
    result = invoke("read", "a.npy", *split("--gx 0 --gy 40 --delta 2 -n 1,9 -o b.npy"))
    assert result.exit_code == 0, result.stderr
    np.testing.assert_array_equal(np.load("b.npy"), read(np.load("a.npy"), Window(0, 40, 2, n=(1, 9))))
