"""What tests of commands start from: an empty current folder, and a picture in it."""

import pytest
from helpers import SHAPE, noise, save


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def image(folder):
    return save("a.png", noise(*SHAPE, 3))
