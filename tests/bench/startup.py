"""What it costs to start: `python tests/bench/startup.py`."""

import tempfile

from bench import SCENE, glimpse, interleaved, python, table


def main() -> None:
    """Print the tables."""
    words = interleaved(
        {
            "python -c 'import click'": python("import click"),
            "glimpse --help": glimpse("--help"),
            "glimpse --version": glimpse("--version"),
            "glimpse read --help": glimpse("read", "--help"),
        },
        15,
    )
    table("Words", words, "python -c 'import click'")
    with tempfile.TemporaryDirectory() as folder:
        patch, base = f"{folder}/p.png", "python -c 'import click, numpy, PIL.Image'"
        small = interleaved(
            {
                base: python("import click, numpy, PIL.Image"),
                "glimpse read scene.png": glimpse("read", SCENE, "-o", patch, "--overwrite"),
            },
            15,
        )
        table("A small picture", small, base)


if __name__ == "__main__":
    main()
