"""Pictures for a notebook: windows on images, profiles, films, the page, a window alone."""

from glimpse.notebook.pictures import Animation, Page, explore, png_of, profile, show, sweep

__all__ = ["Animation", "Page", "explore", "png_of", "profile", "show", "sweep"]
