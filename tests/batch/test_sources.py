"""How the windows of a batch become jobs."""

import pytest

from glimpse.batch.placements import Placement
from glimpse.batch.rows import Row
from glimpse.batch.sources import Work
from glimpse.io import DecodeOptions


@pytest.mark.parametrize(("count", "size"), [(10_000, 50), (100_000, 100)])
def test_jobs_grow_with_the_windows_of_an_image_so_that_there_are_a_thousand_at_most(count, size):
    rows = [Row("a", "a.png", Placement())] * count
    work = Work(rows, DecodeOptions(), fast=False, jobs=2)
    assert len(work) == count // size
    assert len(next(iter(work)).rows) == size
