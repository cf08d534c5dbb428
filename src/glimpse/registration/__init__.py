"""Where in an image a patch was cropped."""
