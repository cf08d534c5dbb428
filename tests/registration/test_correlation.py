"""Peaks of a correlation: the largest first, of equal ones the first."""

import numpy as np

from glimpse.registration.correlation import peaks


def test_of_equal_peaks_the_first_of_the_picture_comes_first():
    scores = np.zeros((40, 44))
    scores[2::4, 1::4] = 0.5
    scores[18, 21] = scores[22, 5] = 0.75
    places = [(row, col) for row in range(2, 40, 4) for col in range(1, 44, 4)]
    expected = [(18, 21), (22, 5), *(place for place in places if place not in ((18, 21), (22, 5)))]
    assert peaks(scores, len(places)) == expected
    assert peaks(scores, 7) == expected[:7]
    assert peaks(-scores, 7) == []
