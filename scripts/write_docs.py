#!/usr/bin/env python3
"""Write the pages that are made from the code; tests hold them to it.

python scripts/write_docs.py
"""

from pathlib import Path

from pages.configuration_page import reference
from pages.driver_page import fill
from pages.modules_page import modules_page
from pages.perception_page import perception_page

from dms.config import Config
from dms.config.driver import DriverSettings

DOCS = Path(__file__).parent.parent / "docs"
CONFIGURATION = """# Configuration

One TOML file, `dms run --config FILE`. Every table and key is optional; a wrong key or value ends with one line that
names it. `dms schema config` prints the same as JSON Schema. This page is made from the code by
`python scripts/write_docs.py`.

"""


def pages() -> dict[Path, str]:
    """Each page that is made from the code."""
    driver = DOCS / "driver.md"
    return {
        DOCS / "configuration.md": CONFIGURATION + reference(Config) + "\n",
        DOCS / "modules.md": modules_page(DOCS.parent / "dms"),
        DOCS / "perception.md": perception_page(DOCS.parent / "dms" / "perception", DOCS.parent / "models"),
        driver: fill(driver.read_text(encoding="utf-8"), DriverSettings()),
    }


if __name__ == "__main__":
    for path, text in pages().items():
        path.write_text(text, encoding="utf-8")
