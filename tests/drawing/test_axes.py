"""Which part of an axis is drawn, and that its numbers are true on both sides of a break."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glimpse.drawing.axes import Span, _ticks, span, tick


def test_an_image_with_its_window_inside_is_drawn_alone():
    assert span(100, 20, 60) == Span((0, 100))


@pytest.mark.parametrize(
    ("low", "high", "drawn"),
    [(-20, 60, (-20, 100)), (-900, 60, (-50, 100)), (30, 700, (0, 150)), (110, 130, (0, 137))],
)
def test_a_window_is_followed_half_the_size_of_the_image_beyond_it(low, high, drawn):
    part = span(100, low, high)
    assert part.skip == 0
    assert (part.range[0], part.range[1]) == pytest.approx(drawn, abs=1)


@pytest.mark.parametrize(("low", "high"), [(400, 440), (-440, -400), (1e9, 1e9 + 1), (300, 9000)])
def test_behind_a_break_the_numbers_are_those_of_the_window(low, high):
    part = span(100, low, high)
    first, last = part.beyond
    centre = (low + high) / 2
    assert first < centre - part.skip < last
    assert last - first < 130
    room = part.range[1] if low > 0 else 100 - part.range[0]
    seen = centre - part.skip if low > 0 else 100 - (centre - part.skip)
    assert seen == pytest.approx((115 + room) / 2)
    (*_, image), (*_, window) = part.parts if low > 0 else part.parts[::-1]
    assert (image, window) == (0, part.skip)


@given(st.integers(1, 10_000), st.floats(-1e9, 1e9), st.floats(1e-9, 1e9))
def test_the_mirrored_window_has_the_mirrored_axis(size, low, side):
    one, other = span(size, low, low + side), span(size, size - low - side, size - low)
    assert one.range == pytest.approx((size - other.range[1], size - other.range[0]), abs=1e-6 * size + 1e-5)
    assert one.skip == pytest.approx(-other.skip, abs=1e-6 * size + 1e-5)
    assert one.range[0] <= 0 <= size <= one.range[1]


def test_ticks_are_round():
    assert [tick(least) for least in (0.3, 1, 1.2, 3, 7, 11, 60, 700)] == [1, 1, 2, 5, 10, 20, 100, 1000]


@pytest.mark.parametrize("size", [100, 101, 1000])
def test_the_numbers_of_an_axis_are_those_of_its_pixels(size):
    ticks = _ticks(span(size, 20, 60), 400 / size, 1)
    assert all(str(int(place)) == text and 0 <= place <= size - 1 for text, place in ticks)
    assert len(ticks) >= 4


def test_a_window_just_off_the_image_has_no_break_that_leaves_out_less_than_nothing():
    for gap in range(1, 80):
        part = span(100, 100 + gap, 180 + gap)
        assert part.skip >= 0
        assert part.range[1] >= min(140 + gap, 150)
