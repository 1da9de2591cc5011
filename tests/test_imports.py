"""The import graph follows the house plan; the contracts stand in pyproject.toml."""

from pathlib import Path

import pytest

importlinter = pytest.importorskip("importlinter.api", reason="import-linter is not installed")
ROOT = Path(__file__).parent.parent


def test_imports_go_down_the_road(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports

    assert lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True) == EXIT_STATUS_SUCCESS
