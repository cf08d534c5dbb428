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
    parts = ["# mypy: disable-error-code=misc", "import numpy as np"]  # misc: mypy counts no stars
    for readme in [FOLDER / "README.md", *sorted((FOLDER / "src").rglob("README.md"))]:
        blocks = re.findall(r"^```python\n(.*?)^```", readme.read_text("utf-8"), re.MULTILINE | re.DOTALL)
        name = "_".join(readme.relative_to(FOLDER).with_suffix("").parts).lower()
        for number, block in enumerate(blocks):
            parts.append(f"\n\ndef {name}_{number}() -> None:\n" + indent(code(block), "    "))
    sys.stdout.write("\n".join(parts) + "\n")


if __name__ == "__main__":
    main()
