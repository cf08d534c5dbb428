"""Levels are rounded and clipped once."""

import numpy as np
import pytest

from glimpse.levels import to_levels


@pytest.mark.parametrize(
    ("value", "white", "level"),
    [
        *[
            (-3.0, 255, 0),
            (-0.4, 255, 0),
            (0.49, 255, 0),
            (0.51, 255, 1),
            (254.4, 255, 254),
            (254.6, 255, 255),
        ],
        *[(255.4, 255, 255), (256.0, 255, 255), (1e30, 255, 255), (-1e30, 255, 0)],
        *[(256.0, 65535, 256), (65534.6, 65535, 65535), (65536.0, 65535, 65535), (-1.0, 65535, 0)],
    ],
)
def test_levels_are_rounded_to_the_nearest_and_clipped(value, white, level):
    result = to_levels(np.full((2, 3), value), white)
    assert result.dtype == (np.uint8 if white == 255 else np.uint16)
    np.testing.assert_array_equal(result, level)
