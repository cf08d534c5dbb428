"""Tables of windows, one per row: fixations, detections, annotations, as other tools export them."""

from glimpse.batch.tables.rows import Table, read_table

__all__ = ["Table", "read_table"]
