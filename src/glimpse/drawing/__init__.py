"""Arrays to look at: a window over its image, the frames of a sweep."""
