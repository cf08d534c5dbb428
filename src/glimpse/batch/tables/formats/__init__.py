"""Tables that annotators and detectors save, told by their content: each a reader that yields rows.

A reader returns `Lines`: names of columns as `columns` knows them, and the cells of each row.
"""

from glimpse.batch.tables.formats.lines import Lines
from glimpse.batch.tables.formats.opening import open_table
from glimpse.batch.tables.formats.pictures import of_stem

__all__ = ["Lines", "of_stem", "open_table"]
