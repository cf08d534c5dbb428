"""The page of ``glimpse show -o page.html``: choose a window by looking."""

from glimpse.explorer.document import Subject, Table, page, table_page

__all__ = ["Subject", "Table", "page", "table_page"]
