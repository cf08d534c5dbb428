"""The page of ``glimpse show -o page.html``: choose a window by looking."""

from glimpse.explorer.document import Subject, TableRow, page, table_page

__all__ = ["Subject", "TableRow", "page", "table_page"]
