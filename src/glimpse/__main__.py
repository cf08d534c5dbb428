"""``python -m glimpse`` and the ``glimpse`` command."""

from glimpse.cli import main

if __name__ == "__main__":
    main()
