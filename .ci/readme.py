"""Write the Python of the READMEs as one module, for checkers of types to read: each block is a function.

A block that imports what is not installed, such as Ray, is left out.
"""

import re
import sys
from importlib.util import find_spec
from pathlib import Path
from textwrap import indent

FOLDER = Path(__file__).parents[1]


def code(block: str) -> str:
    """The lines of a block, of a session without what it prints."""
    if ">>> " not in block:
        return block
    lines = [line[4:] for line in block.splitlines() if line.startswith((">>> ", "... "))]
    return "\n".join(lines)


def is_installed(block: str) -> bool:
    """Tell whether all that a block imports is here."""
    return all(map(find_spec, re.findall(r"^(?:>>> )?(?:import|from) (\w+)", block, re.MULTILINE)))


def main() -> None:
    parts = ["# mypy: disable-error-code=misc", "import numpy as np"]  # misc: mypy counts no stars
    for readme in [FOLDER / "README.md", *sorted((FOLDER / "src").rglob("README.md"))]:
        blocks = re.findall(r"^```python\n(.*?)^```", readme.read_text("utf-8"), re.MULTILINE | re.DOTALL)
        name = "_".join(readme.relative_to(FOLDER).with_suffix("").parts).lower()
        for number, block in enumerate(filter(is_installed, blocks)):
            parts.append(f"\n\ndef {name}_{number}() -> None:\n" + indent(code(block), "    "))
    sys.stdout.write("\n".join(parts) + "\n")


if __name__ == "__main__":
    main()
