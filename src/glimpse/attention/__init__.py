"""The layer: arrays in, arrays out."""
