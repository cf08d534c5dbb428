"""Grey levels of a picture of any channels: alpha counts for nothing, colours as BT.601 has them."""

import numpy as np
import pytest

from glimpse.registration import grey as greys

LEVELS = np.random.default_rng(4).integers(0, 256, (7, 11, 4), dtype=np.uint8)
EXPECTED = {
    1: LEVELS[..., 0],
    2: LEVELS[..., 0],
    3: LEVELS[..., :3] @ np.array([0.299, 0.587, 0.114]),
    4: LEVELS[..., :3] @ np.array([0.299, 0.587, 0.114]),
    5: np.dstack([LEVELS, LEVELS[..., :1]]).mean(axis=2),
}


@pytest.mark.parametrize("axis", [0, 1, -1])
@pytest.mark.parametrize("channels", EXPECTED)
def test_channels_are_mixed_to_grey_wherever_they_stand(channels, axis, monkeypatch):
    monkeypatch.setattr(greys, "_AT_ONCE", 40)  # less than all rows
    picture = np.moveaxis(np.dstack([LEVELS, LEVELS[..., :1]])[..., :channels], 2, axis)
    found = greys.grey(picture, axis)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, EXPECTED[channels], rtol=1e-5)
