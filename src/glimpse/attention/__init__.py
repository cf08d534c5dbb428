"""The layer: arrays in, arrays out."""

from glimpse.attention.derivatives import read_jacobian, read_vjp, write_vjp
from glimpse.attention.layer import read, read_many, write
from glimpse.attention.restoration import restore, restore_many

__all__ = ["read", "read_jacobian", "read_many", "read_vjp", "restore", "restore_many", "write", "write_vjp"]
