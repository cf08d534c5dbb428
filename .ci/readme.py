"""Write the Python of the READMEs as one module, for checkers of types to read: each block is a function."""

import re
import sys
from pathlib import Path
from textwrap import indent

FOLDER = Path(__file__).parents[1]


def code(block: str) -> str:
    """The lines of a block, of a session without what it prints."""
    if ">>> " not in block:
        return block
    lines = [line[4:] for line in block.splitlines() if line.startswith((">>> ", "... "))]
    return "\n".join(lines)


def main() -> None:
    parts = ["# mypy: disable-error-code=no-untyped-def", "import numpy as np", "import glimpse"]
    for readme in [FOLDER / "README.md", *sorted((FOLDER / "src").rglob("README.md"))]:
        blocks = re.findall(r"^```python\n(.*?)^```", readme.read_text("utf-8"), re.MULTILINE | re.DOTALL)
        if not blocks:
            continue
        # blocks of one file go on where the last one ended
        name = "_".join(readme.relative_to(FOLDER).with_suffix("").parts).lower()
        parts.append(f"\n\ndef {name}() -> None:\n" + indent("\n".join(map(code, blocks)), "    "))
    sys.stdout.write("\n".join(parts) + "\n")


if __name__ == "__main__":
    main()
