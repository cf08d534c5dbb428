"""A browser, and pages in it that must say nothing and ask for nothing."""

import os
import shutil
from urllib.parse import urlsplit

import pytest
from pages import settle

BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="session")
def playwright():
    api = pytest.importorskip("playwright.sync_api", reason="needs playwright: pip install -e '.[browser]'")
    with api.sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="session")
def browser(playwright):
    if not (program := next(filter(None, map(shutil.which, BROWSERS)), None)):
        pytest.skip("needs a browser: apt-get install chromium")
    browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
    yield browser
    browser.close()


@pytest.fixture
def firefox(playwright):
    """The firefox that playwright drives, which is one of its own."""
    if not os.path.exists(playwright.firefox.executable_path):
        pytest.skip("needs playwright's firefox: playwright install firefox")
    browser = playwright.firefox.launch()
    yield browser
    browser.close()


@pytest.fixture
def opened_page(browser, request):
    """A function that opens a file in a page; what the page says or asks for is a failure at the end."""
    faults, contexts, own = [], [], set()

    def open_page(path, fragment="", **options):
        options = {"viewport": {"width": 1200, "height": 900}, **options}
        context = browser.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: faults.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: faults.append(f"error: {error}"))
        page.on("request", lambda asked: note_request(asked.url))
        url = path.resolve().as_uri()
        own.add(url)
        page.goto(url + fragment)
        settle(page)
        return page

    def note_request(url):
        if urlsplit(url).scheme not in ("data", "blob") and url.split("#")[0] not in own:
            faults.append(f"request: {url}")

    yield open_page
    for context in contexts:
        context.close()
    assert not faults
