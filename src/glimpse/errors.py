"""The one error of glimpse."""


class GlimpseError(ValueError):
    """A fact about the input that its owner can mend, told in one line."""
