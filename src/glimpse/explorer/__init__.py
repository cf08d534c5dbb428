"""The page of ``glimpse show -o page.html``: choose a window by looking."""

from glimpse.explorer.document import Subject, page

__all__ = ["Subject", "page"]
