"""What tests of batches start from: an empty current folder, and a picture in it."""

from helpers import folder, image  # noqa: F401
