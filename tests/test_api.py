"""The names that programs of others may use can be imported, quickly and without a change outside."""

import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

import dms

ROOT = Path(__file__).parent.parent
ROOMS = ("dms", "dms.driver", "dms.perception", "dms.frames")
PUBLIC = [(room, name) for room in ROOMS for name in importlib.import_module(room).__all__]


@pytest.mark.parametrize(("room", "name"), PUBLIC, ids=".".join)
def test_a_public_name_can_be_imported(room: str, name: str) -> None:
    assert getattr(importlib.import_module(room), name) is not None


@pytest.mark.parametrize(
    "name",
    [
        "Alert",
        "Config",
        "DriverMonitor",
        "DriverSettings",
        "Observation",
        "Perception",
        "load_config",
        "open_source",
        "replay_drives",
        "score_drives",
    ],
)
def test_what_a_user_would_try_first_works(name: str) -> None:
    result = run(f"from dms import {name}; print({name}.__name__)")
    assert result.stdout.strip() == name, result.stderr


def test_a_misspelt_name_says_so() -> None:
    result = run("from dms import DriverMonitr")
    assert "cannot import name 'DriverMonitr' from 'dms'" in result.stderr


def test_each_room_without_arguments_works() -> None:
    state = dms.DriverMonitor().step(dms.Observation(0.0)).state
    assert state.t == 0.0
    assert set(dms.Perception().models) == {"face", "landmarks", "eyes", "lids", "mouth", "emotion"}


def test_importing_loads_no_library_and_changes_nothing_outside() -> None:
    result = run(
        "import os, sys; before = dict(os.environ); import dms;"
        "print([name for name in ('numpy', 'cv2', 'pydantic', 'paho', 'typer', 'rich') if name in sys.modules]);"
        # OpenCV itself, once imported, changes this one
        "import dms.driver, dms.frames, dms.perception, dms.replay;"
        "drop = lambda all: {k: v for k, v in all.items() if k != 'LD_LIBRARY_PATH'};"
        "print(drop(os.environ) == drop(before))"
    )
    assert result.stdout.split("\n")[:2] == ["[]", "True"], result.stderr


@pytest.mark.slow
def test_a_type_checker_finds_a_misspelt_import(tmp_path: Path) -> None:
    pytest.importorskip("mypy", reason="mypy is not installed")
    program = tmp_path / "program.py"
    program.write_text("from dms import DriverMonitr\nfrom dms.frames import Sauce\n", encoding="utf-8")
    options = ["--strict", "--config-file=", "--follow-imports=silent", "--ignore-missing-imports"]
    result = subprocess.run(
        [sys.executable, "-m", "mypy", *options, f"--cache-dir={tmp_path}/cache", str(program)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "MYPYPATH": str(ROOT)},
    )
    assert result.stdout.count("[attr-defined]") == 2, result.stdout


def run(program: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
