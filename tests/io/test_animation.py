"""The laws of animations, held on the bytes: decoded by Pillow, and walked block by block for GIF."""

import struct
from collections.abc import Iterator, Sequence
from io import BytesIO
from typing import NamedTuple

import helpers
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, PngImagePlugin

from glimpse.io import animation, palette
from glimpse.io.animation import FORMATS, join_gif, pauses
from glimpse.io.palette import ENTRIES, NEAR

EVERY = pytest.mark.parametrize("suffix", FORMATS)
LOSSLESS = pytest.mark.parametrize("suffix", [".webp", ".apng"])
RED, INK, PAPER = (255, 0, 3), (250, 250, 251), (17, 24, 31)


def centiseconds(count: int, fps: float, hold: float = 0.6) -> list[int]:
    """Delays of a GIF in its own ticks."""
    return [delay // 10 for delay in FORMATS[".gif"].delays(pauses(count, fps, hold))]


def encode_animation(
    frames: Sequence[NDArray[np.uint8]], delays: Sequence[int], *how: str, **more: str
) -> bytes:
    """Encode an animation whose delays are in hundredths of a second."""
    return animation.encode_animation(frames, [10 * delay for delay in delays], *how, **more)


class Block(NamedTuple):
    """One picture of a GIF, as its bytes say."""

    delay: int
    transparent: int | None
    size: tuple[int, int]
    local_palette: bool


class Gif:
    """A GIF walked block by block after the GIF89a specification, without unpacking a pixel."""

    def __init__(self, payload: bytes) -> None:
        self.data, self.at = payload, 13
        assert payload[:6] == b"GIF89a"
        width, height, flags = struct.unpack("<HHB", payload[6:11])
        self.size = (height, width)
        assert flags & 128, "no global palette"
        table = self.take(3 << ((flags & 7) + 1))
        self.palette = [tuple(table[i : i + 3]) for i in range(0, len(table), 3)]
        self.loops: list[int] = []
        self.comments: list[bytes] = []
        self.blocks = list(self.walk())
        assert self.at == len(payload)

    def take(self, count: int) -> bytes:
        self.at += count
        assert self.at <= len(self.data)
        return self.data[self.at - count : self.at]

    def chain(self) -> bytes:
        parts = []
        while size := self.take(1)[0]:
            parts.append(self.take(size))
        return b"".join(parts)

    def walk(self) -> Iterator[Block]:
        delay, transparent = 0, None
        while (kind := self.take(1)) != b";":
            if kind == b",":
                yield self.picture(delay, transparent)
                continue
            assert kind == b"!"
            label, body = self.take(1)[0], self.chain()
            if label == 0xF9:
                delay = struct.unpack("<H", body[1:3])[0]
                transparent = body[3] if body[0] & 1 else None
            elif label == 0xFF and body.startswith(b"NETSCAPE2.0\x01"):
                self.loops.append(struct.unpack("<H", body[12:14])[0])
            elif label == 0xFE:
                self.comments.append(body)

    def picture(self, delay: int, transparent: int | None) -> Block:
        width, height, flags = struct.unpack("<4xHHB", self.take(9))
        if flags & 128:
            self.take(3 << ((flags & 7) + 1))
        self.take(1)
        self.chain()
        return Block(delay, transparent, (height, width), bool(flags & 128))


def pictures(payload: bytes) -> list[tuple[NDArray[np.uint8], float]]:
    """Each picture of a file as (h, w, 3), and the milliseconds that it stands."""
    found = []
    with Image.open(BytesIO(payload)) as image:
        for index in range(getattr(image, "n_frames", 1)):
            image.seek(index)
            rgba = np.asarray(image.convert("RGBA"))
            assert (rgba[..., 3] == 255).all()
            found.append((rgba[..., :3], image.info.get("duration", 0)))
    return found


def decoded(payload: bytes, delays: Sequence[int]) -> list[NDArray[np.uint8]]:
    """What shows when each frame begins; after the last picture, that one."""
    found = pictures(payload)
    ends = np.cumsum([stands for _, stands in found])
    starts = 10 * (np.cumsum(delays) - delays)
    return [found[min(int(np.sum(ends <= start)), len(found) - 1)][0] for start in starts]


def colour(frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return frame if frame.ndim == 3 else np.stack([frame] * 3, axis=-1)


def frozen(frames: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
    frames.flags.writeable = False
    return list(frames)


def noise(*shape: int, seed: int = 0, levels: int = 256) -> list[NDArray[np.uint8]]:
    return frozen(np.random.default_rng(seed).integers(0, levels, shape, dtype=np.uint8))


def scene(count: int = 6) -> list[NDArray[np.uint8]]:
    """Frames (40, 56, 3) of far more than 255 colours; a red box moves over a ground that is half noise."""
    rows, cols = np.mgrid[:40, :56]
    ground = np.stack([4 * cols, 6 * rows, 2 * (rows + cols)], axis=-1).astype(np.uint8)
    ground[:, 28:] ^= np.random.default_rng(3).integers(0, 32, (40, 28, 3), dtype=np.uint8)
    ground[:5], ground[1:3, 4:9] = PAPER, INK
    frames = np.stack([ground] * count)
    for i, frame in enumerate(frames):
        frame[8 + i : 14 + i, 3 * i : 3 * i + 9] = RED
    return frozen(frames)


@st.composite
def small_animations(draw: st.DrawFn) -> tuple[list[NDArray[np.uint8]], list[int]]:
    """One to six tiny frames of few levels, grey or colour, so that neighbours and pixels often agree."""
    count, levels = draw(st.integers(1, 6)), draw(st.integers(1, 4))
    shape = (count, draw(st.integers(1, 4)), draw(st.integers(1, 5)), *draw(st.sampled_from([(), (3,)])))
    frames = noise(*shape, seed=draw(st.integers(0, 10**6)), levels=levels)
    again = [frames[i] for i in draw(st.lists(st.integers(0, count - 1), min_size=count, max_size=count))]
    return again, draw(st.lists(st.integers(2, 40), min_size=count, max_size=count))


@given(st.integers(1, 60), st.floats(0.01, 50), st.floats(0, 3))
def test_every_frame_begins_within_half_a_centisecond_of_its_time(
    count: int, fps: float, hold: float
) -> None:
    delays = centiseconds(count, fps, hold)
    wanted = 100 * np.append(np.arange(1, count) / fps, (count - 1) / fps + max(1 / fps, hold))
    assert len(delays) == count
    assert min(delays) >= 2
    np.testing.assert_allclose(np.cumsum(delays), wanted, rtol=1e-12, atol=0.5 + 1e-6)


def test_the_remainder_is_carried_and_the_last_frame_held() -> None:
    assert centiseconds(7, 24) == [4, 4, 5, 4, 4, 4, 60]
    assert centiseconds(3, 0.5, hold=0.6) == [200, 200, 200]


def test_no_frame_stands_shorter_than_browsers_play() -> None:
    assert centiseconds(4, 1000, hold=0) == [2, 2, 2, 2]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0, 24, 0.6), "at least one frame, got 0"),
        ((3, 0, 0.6), "frames per second must be > 0, got 0"),
        ((3, float("nan"), 0.6), "frames per second must be > 0, got nan"),
        ((3, float("inf"), 0.6), "frames per second must be > 0, got inf"),
        ((3, 24, -1), "hold of the last frame must be >= 0 seconds, got -1"),
        ((3, 24, float("nan")), "hold of the last frame must be >= 0 seconds, got nan"),
    ],
)
def test_impossible_timing_is_refused(arguments: tuple[int, float, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        centiseconds(*arguments)


@EVERY
@given(animation=small_animations())
def test_few_colours_come_back_exactly_and_on_time(
    suffix: str, animation: tuple[list[NDArray[np.uint8]], list[int]]
) -> None:
    frames, delays = animation
    payload = encode_animation(frames, delays, suffix)
    for frame, shown in zip(frames, decoded(payload, delays), strict=True):
        np.testing.assert_array_equal(shown, colour(frame))
    if len(pictures(payload)) > 1:
        assert sum(stands for _, stands in pictures(payload)) == 10 * sum(delays)


@LOSSLESS
@pytest.mark.parametrize("shape", [(5, 13, 17, 3), (5, 13, 17)])
def test_many_colours_come_back_exactly_without_loss(suffix: str, shape: tuple[int, ...]) -> None:
    frames = noise(*shape)
    for frames_ in (frames, scene(), [frames[0], frames[1], frames[1], frames[1], frames[0]]):
        delays = centiseconds(len(frames_), 24)
        for frame, shown in zip(
            frames_, decoded(encode_animation(frames_, delays, suffix), delays), strict=True
        ):
            np.testing.assert_array_equal(shown, colour(frame))


@EVERY
def test_identical_neighbours_keep_the_sum_of_their_delays(suffix: str) -> None:
    a, b = noise(2, 6, 9, 3)
    found = pictures(encode_animation([a, a, b, b, b, a, a], [3, 5, 7, 11, 13, 17, 19], suffix))
    assert sum(stands for _, stands in found) == 10 * (3 + 5 + 7 + 11 + 13 + 17 + 19)


def test_frames_that_never_change_make_a_gif_of_one_picture() -> None:
    frame = noise(6, 9, 3)
    gif = Gif(encode_animation([np.stack(frame)] * 4, [3, 5, 7, 60], ".gif"))
    assert [block.delay for block in gif.blocks] == [75]


@pytest.mark.parametrize("count", [1, 2, 6])
def test_a_gif_loops_for_ever(count: int) -> None:
    frames = scene(count)
    delays = centiseconds(count, 24)
    gif = Gif(encode_animation(frames, delays, ".gif"))
    assert gif.loops == [0]
    assert gif.size == frames[0].shape[:2]
    assert [block.delay for block in gif.blocks] == delays
    assert [block.local_palette for block in gif.blocks] == [False] + [True] * (count - 1)


def test_a_colour_of_the_last_pixel_alone_comes_back() -> None:
    frame = np.zeros((130, 140, 3), np.uint8)  # more pixels than are looked at together
    frame[-1, -1] = RED
    payload = encode_animation([frame], [4], ".gif")
    np.testing.assert_array_equal(decoded(payload, [4])[0], frame)


def test_a_gif_of_few_colours_has_one_palette() -> None:
    gif = Gif(encode_animation(noise(5, 30, 40, levels=200), [4] * 5, ".gif"))
    assert not any(block.local_palette for block in gif.blocks)


@pytest.mark.parametrize(
    ("delays", "found"),
    [([9, 5, 7], [14, 7]), ([40000, 30000, 7], [40000, 30000, 7]), ([40000, 25535, 7], [65535, 7])],
)
def test_a_frame_that_changes_nothing_lengthens_the_one_before(delays: list[int], found: list[int]) -> None:
    colours = np.array([RED, INK, PAPER], np.uint8)
    whole, same = np.array([[0, 1, 2], [2, 1, 0]], np.uint8), np.full((2, 3), 3, np.uint8)
    other = np.array([[3, 3, 3], [3, 0, 3]], np.uint8)
    payload = join_gif([(colours, whole), (colours, same), (colours, other)], delays, "")
    assert [block.delay for block in Gif(payload).blocks] == found
    last = colours[whole]
    last[1, 1] = RED
    np.testing.assert_array_equal(pictures(payload)[-1][0], last)


@pytest.mark.parametrize("colours", [1, 2, 3, 4, 7, 8, 254, 255])
def test_unchanged_is_an_index_of_its_own_inside_the_palette(colours: int) -> None:
    start = np.resize(np.arange(colours, dtype=np.uint8), (16, 17))
    frames = frozen(np.stack([start, start, start.T.reshape(16, 17), start]))
    payload = encode_animation(frames, [2] * 4, ".gif")
    first, *rest = Gif(payload).blocks
    assert first.transparent is None
    assert all(block.transparent is not None for block in rest)
    assert all(colours <= (block.transparent or 0) < len(Gif(payload).palette) for block in rest)
    for frame, shown in zip(frames, decoded(payload, [2] * 4), strict=True):
        np.testing.assert_array_equal(shown, colour(frame))


def test_a_gif_of_255_colours_is_exact() -> None:
    colours = np.random.default_rng(1).choice(1 << 24, ENTRIES, replace=False)
    palette = colours.astype(">u4").view(np.uint8).reshape(-1, 4)
    frames = frozen(np.random.default_rng(2).choice(palette[:, 1:], (5, 23, 31)))
    assert len(np.unique(np.concatenate(frames).reshape(-1, 3), axis=0)) == ENTRIES
    for frame, shown in zip(frames, decoded(encode_animation(frames, [2] * 5, ".gif"), [2] * 5), strict=True):
        np.testing.assert_array_equal(shown, frame)


@pytest.mark.parametrize("seed", [0, 1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (2, 3))])
@pytest.mark.parametrize("skew", [1.0, 4.0])
def test_greys_are_one_level_off_at_most(seed: int, skew: float) -> None:
    levels = (256 * np.random.default_rng(seed).random((4, 60, 70)) ** skew).astype(np.uint8)
    levels[0].flat[:256] = np.arange(256)
    kept = [(level, level, level) for level in (0, 99, 100, 101, 200, 255)]
    frames = frozen(levels)
    payload = encode_animation(frames, [2] * 4, ".gif", exact=kept)
    for frame, shown in zip(frames, decoded(payload, [2] * 4), strict=True):
        wrong = np.abs(shown.astype(int) - colour(frame))
        assert wrong.max() <= 1
        assert not wrong[np.isin(frame, [level for level, _, _ in kept])].any()


def test_pixels_that_stand_still_in_the_frames_stand_still_in_a_gif() -> None:
    frames = scene(12)
    shown = decoded(encode_animation(frames, [4] * 12, ".gif"), [4] * 12)
    for i in range(1, 12):
        still = (frames[i] == frames[i - 1]).all(axis=-1)
        assert 0 < still.sum() < still.size
        np.testing.assert_array_equal(shown[i][still], shown[i - 1][still])


@pytest.mark.parametrize("kept", [(RED, INK, PAPER), tuple((200, i, 7) for i in range(ENTRIES)), ()])
def test_every_pixel_of_a_gif_gets_the_nearest_colour_of_its_palette(
    kept: tuple[tuple[int, int, int], ...],
) -> None:
    frames = scene()
    edited = np.stack(frames)
    for frame in edited:
        frame[20 : 20 + len(kept) // 56 + 1].reshape(-1, 3)[: len(kept)] = np.array(kept).reshape(-1, 3)
    frames = frozen(edited)
    payload = encode_animation(frames, [4] * 6, ".gif", exact=kept)
    table = np.array(Gif(payload).palette[:ENTRIES], dtype=float)
    pictures = decoded(payload, [4] * 6)
    far = np.square(frames[0].reshape(-1, 1, 3) - table).sum(-1).min(1)
    np.testing.assert_array_equal(np.square(frames[0].astype(float) - pictures[0]).sum(-1).ravel(), far)
    for frame, shown in zip(frames, pictures, strict=True):
        for one in kept:
            assert (shown[(frame == one).all(-1)] == one).all()


def test_pixels_that_change_have_a_palette_of_their_own() -> None:
    ground = scene(1)[0]
    frames = []
    for i in range(4):
        frame = np.stack(ground)
        frame[10:22, 4:16] = noise(12, 12, 3, seed=i, levels=90)  # 144 colours, which a palette holds
        frames.append(frame)
    shown = decoded(encode_animation(frozen(np.stack(frames)), [4] * 4, ".gif"), [4] * 4)
    for i in range(1, 4):
        wrong = np.square(frames[i][10:22, 4:16].astype(float) - shown[i][10:22, 4:16]).sum(-1)
        assert wrong.max() <= NEAR


def test_rounds_of_means_bring_the_colours_closer(monkeypatch: pytest.MonkeyPatch) -> None:
    frames = scene(1)

    def error() -> float:
        (shown,) = decoded(encode_animation(frames, [4], ".gif"), [4])
        return float(np.square(shown.astype(float) - frames[0]).mean())

    usual = error()
    monkeypatch.setattr(palette, "FIRST", 0)
    assert error() > 1.05 * usual


def test_what_stands_long_is_shown_best() -> None:
    random = np.random.default_rng(5)
    ground, flash = random.integers(0, 256, (2, 40, 60, 3), dtype=np.uint8)
    frames = np.stack([ground] * 9)
    frames[0, :, :30] = flash[:, :30]
    shown = decoded(encode_animation(frozen(frames), [4] * 9, ".gif"), [4] * 9)
    errors = [
        np.square(frames[0].astype(float) - shown[0])[:, side].mean() for side in (slice(30), slice(30, 60))
    ]
    assert errors[1] < 0.8 * errors[0]


def test_the_palette_is_closer_than_median_cut() -> None:
    frames = scene()
    whole = np.concatenate(frames)
    cut = np.asarray(
        Image.fromarray(whole).quantize(ENTRIES, Image.Quantize.MEDIANCUT, dither=0).convert("RGB")
    )
    ours = np.concatenate(decoded(encode_animation(frames, [4] * 6, ".gif"), [4] * 6))
    error, usual = (np.sqrt(np.mean(np.square(whole.astype(float) - shown))) for shown in (ours, cut))
    assert error < 0.8 * usual
    assert abs(np.mean(ours - whole.astype(float))) < 0.2


@EVERY
def test_what_stands_still_costs_nothing(suffix: str) -> None:
    ground = np.stack(noise(50, 70, 3))
    frames = np.stack([ground] * 20)
    for i, frame in enumerate(frames):
        frame[i, i : i + 5] = frame[49 - i, 60 - i : 65 - i] = RED
    alone = len(encode_animation([ground], [2], suffix))
    assert len(encode_animation(frozen(frames), [2] * 20, suffix)) < 1.7 * alone


@EVERY
def test_the_same_frames_give_the_same_bytes(suffix: str) -> None:
    frames, again = scene(), [np.asfortranarray(frame) for frame in scene()]
    first = encode_animation(frames, [4] * 6, suffix, comment="{}", exact=[RED])
    assert encode_animation(again, [4] * 6, suffix.upper(), comment="{}", exact=[RED]) == first


@EVERY
@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("length", [1, 254, 255, 256, 510, 4096])
def test_the_comment_is_read_back(suffix: str, count: int, length: int) -> None:
    comment = ('{"glimpse": 1, "n": [40, 60]} ' * 150)[: length - 1] + "}"
    payload = encode_animation(noise(count, 4, 5, 3), [4] * count, suffix, comment=comment)
    assert helpers.comment(payload) == comment
    if suffix == ".gif":
        assert Gif(payload).comments == [comment.encode()]


@EVERY
@pytest.mark.parametrize("count", [1, 3])
def test_no_comment_is_read_back_as_none(suffix: str, count: int) -> None:
    payload = encode_animation(noise(count, 4, 5), [4] * count, suffix)
    assert helpers.comment(payload) is None
    if suffix == ".gif":
        assert Gif(payload).comments == []


def test_a_foreign_comment_is_text_or_none() -> None:
    def written(name: str, **options: object) -> bytes:
        target = BytesIO()
        Image.new("RGB", (3, 2)).save(target, name, **options)
        return target.getvalue()

    exif = Image.Exif()
    exif[0x0131] = "a camera"
    text = PngImagePlugin.PngInfo()
    text.add_itxt("glimpse", "na\u00efve")
    assert helpers.comment(written("GIF", comment=b"caf\xe9")) == "caf\ufffd"
    assert helpers.comment(written("PNG", pnginfo=text)) == "na\u00efve"
    assert helpers.comment(written("WEBP", exif=exif)) is None
    assert helpers.comment(written("WEBP", exif=b"no EXIF")) is None
    assert helpers.comment(written("WEBP", exif=b"II*\0")) is None
    number = b"II*\0\x08\0\0\0\x01\0" + struct.pack("<HHIH", 0x010E, 3, 1, 7) + bytes(6)
    assert helpers.comment(written("WEBP", exif=number)) is None
    assert helpers.comment(written("JPEG", comment=b"glimpse")) is None


GREY, TRIPLE = np.zeros((2, 3), np.uint8), np.zeros((2, 3, 3), np.uint8)


@EVERY
@pytest.mark.parametrize(
    ("frames", "delays", "options", "message"),
    [
        ([], [], {}, "no frames to animate"),
        ([GREY, GREY.T], [4, 4], {}, r"frames differ in shape: \(2, 3\) and \(3, 2\)"),
        ([GREY, TRIPLE], [4, 4], {}, r"frames differ in shape: \(2, 3\) and \(2, 3, 3\)"),
        ([GREY, GREY + 0.5], [4, 4], {}, "frames must be uint8, got float64, uint8"),
        ([TRIPLE[..., :2]], [4], {}, r"must be \(h, w\) or \(h, w, 3\) and not empty, got \(2, 3, 2\)"),
        ([GREY[:0]], [4], {}, r"and not empty, got \(0, 3\)"),
        ([GREY[0]], [4], {}, r"must be \(h, w\) or \(h, w, 3\) and not empty, got \(3,\)"),
        ([GREY], [4, 4], {}, "1 frames need as many delays, got 2"),
        ([GREY, GREY], [4, 0], {}, "delays must be 1.* milliseconds in steps of 1.*, got 0 to 40"),
        ([GREY], [1 << 22], {}, "delays must be 1.* to .* milliseconds in steps of 1.*, got 41943040 to"),
        ([GREY], [4], {"comment": "na\u00efve"}, "the comment must be ASCII"),
        (
            [GREY],
            [4],
            {"exact": [(i % 256, i // 256, 0) for i in range(256)]},
            "at most 255 .* exactly, got 256",
        ),
        ([GREY], [4], {"exact": [(0, 256, 0)]}, "levels of the exact colours must be 0 to 255"),
    ],
)
def test_arguments_that_make_no_animation_are_refused(
    suffix: str, frames: list[NDArray[np.uint8]], delays: list[int], options: dict[str, object], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        encode_animation(frames, delays, suffix, **options)


def test_an_unknown_format_names_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"no animation format '.mp4', there are .gif, .webp, .apng$"):
        encode_animation([GREY], [4], ".mp4")


def test_milliseconds_are_kept_where_the_format_has_them() -> None:
    wanted = [33, 17, 5, 250.4, 249.6]
    assert FORMATS[".gif"].delays(wanted) == [30, 20, 20, 250, 250]
    for suffix in (".webp", ".apng"):
        delays = FORMATS[suffix].delays(wanted)
        assert delays == [33, 17, 5, 250, 250]
        payload = animation.encode_animation(noise(5, 4, 6, 3), delays, suffix)
        assert [stands for _, stands in pictures(payload)] == delays


def test_an_apng_picture_that_stands_too_long_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^\.apng holds no picture for longer than 65\.535 s; \.webp does$"):
        encode_animation([GREY, GREY], [4000, 3000], ".apng")


def test_a_gif_picture_that_stands_too_long_is_refused() -> None:
    with pytest.raises(ValueError, match=r"\.gif holds no picture for longer than 655\.35 s"):
        encode_animation([GREY, GREY], [40000, 40000], ".gif")
    payload = encode_animation([GREY, GREY + 1, GREY], [65535, 40000, 40000], ".gif")
    assert [block.delay for block in Gif(payload).blocks] == [65535, 40000, 40000]


@pytest.mark.parametrize(("suffix", "side"), [(".gif", 65536), (".webp", 16384)])
@pytest.mark.parametrize("count", [1, 2])
def test_a_side_that_the_format_cannot_hold_is_refused(suffix: str, side: int, count: int) -> None:
    for shape in ((1, side), (side, 1)):
        with pytest.raises(ValueError, match=f"holds at most {side - 1} pixels a side, got"):
            encode_animation([np.zeros(shape, np.uint8)] * count, [4] * count, suffix)
