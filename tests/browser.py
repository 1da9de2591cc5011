"""A real browser for the tests of pages: Debian's Chromium without a window, driven by Selenium."""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest


@contextmanager
def chromium(*arguments: str, emulation: Mapping[str, Any] | None = None) -> Iterator[Any]:
    """A headless Chromium whose console is kept; skips the test where there is none.

    Args:
        arguments: More of its command line.
        emulation: Which device it passes for, in Chromium's words.
    """
    webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
    browser, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if browser is None or driver is None:
        pytest.skip("Chromium is not installed: apt-get install chromium chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = browser
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    if emulation is not None:
        options.add_experimental_option("mobileEmulation", dict(emulation))
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", *arguments):
        options.add_argument(argument)
    session = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
    yield session
    session.quit()
