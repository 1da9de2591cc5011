"""A module that runs in a process of its own."""

from pathlib import Path

import pytest

from dms.errors import WorldError
from dms.training.apart import run_apart


def test_what_the_module_writes_is_there(tmp_path: Path) -> None:
    given, out = tmp_path / "given.json", tmp_path / "out.json"
    given.write_text("[1]")
    run_apart("json.tool", given, out, failed="nothing")
    assert out.read_text().split() == ["[", "1", "]"]


def test_a_module_that_fails_is_an_error_with_its_last_line(tmp_path: Path) -> None:
    (tmp_path / "given.json").write_text("[1")
    with pytest.raises(WorldError, match=r"it does not fit: .*delimiter"):
        run_apart("json.tool", tmp_path / "given.json", failed="it does not fit")
