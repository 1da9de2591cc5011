"""The import graph follows the house plan; the contracts stand in pyproject.toml."""

import logging
from pathlib import Path

import pytest

cli = pytest.importorskip("importlinter.cli", reason="import-linter is not installed")
ROOT = Path(__file__).parent.parent


def test_imports_go_down_the_road(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    try:
        assert cli.lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True) == cli.EXIT_STATUS_SUCCESS
    finally:
        # it silences every logger there is, also for the tests that come after
        for logger in logging.root.manager.loggerDict.values():
            if isinstance(logger, logging.Logger):
                logger.disabled = False
