"""The page of ``glimpse show -o look.html`` as a browser shows it; without a browser nothing is drawn."""

import contextlib
import io
import shlex
import shutil
import tempfile
from pathlib import Path

from click.testing import CliRunner
from PIL import Image

from glimpse.cli import main

ROOT = Path(__file__).parent.parent
COMMAND = "glimpse show sample_images/scene.png --row 312 --col 222 --delta 7.2 -n 32 -o look.html"
WIDTH, HEIGHT = 1200, 880
PROGRAMS = ("chromium", "chromium-browser", "google-chrome")


def page() -> bytes | None:
    """Take the picture of the page's first screen; None where there is no browser or no playwright."""
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        program = None
    if program is None:
        return None
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        look = written(Path(folder))
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        tab = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme="light")
        tab.goto(look.as_uri())
        tab.locator("#record:not(:empty)").wait_for()
        shot = tab.screenshot()
        browser.close()
    file = io.BytesIO()
    with Image.open(io.BytesIO(shot)) as image:
        image.convert("RGB").save(file, "WEBP", quality=85, method=6)
    return file.getvalue()


def written(folder: Path) -> Path:
    """Run the command from the top of the project, where it was written for."""
    words = shlex.split(COMMAND)[1:-1]
    with contextlib.chdir(ROOT):
        result = CliRunner().invoke(main, [*words, str(folder / "look.html")], standalone_mode=False)
    if result.exception:
        raise result.exception
    return folder / "look.html"
