"""The wheel: an installed dms finds its models and the sample drive."""

import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from dms import __version__
from dms.models import models_dir

pytest.importorskip("hatchling", reason="hatchling is not installed")
ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=120)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_models_and_cards_travel_with_it(names: set[str]) -> None:
    wanted = {
        f"dms/models/{path.name}" for path in models_dir().iterdir() if path.suffix in {".tflite", ".json", ".md"}
    }
    assert len(wanted) >= 15
    assert wanted <= names


def test_the_sample_drive_travels_with_it_and_is_small(names: set[str]) -> None:
    assert {"dms/demo/sample_drive.mp4", "dms/demo/sample_drive.events.csv"} <= names
    assert (ROOT / "dms" / "demo" / "sample_drive.mp4").stat().st_size < 1_000_000


def test_the_licence_travels_with_it(names: set[str]) -> None:
    assert [name for name in names if name.endswith(".dist-info/licenses/LICENSE")]


def test_nothing_of_the_tests_travels_with_it(names: set[str]) -> None:
    assert not [name for name in names if name.startswith(("tests/", "scripts/", "studies/", "runs/"))]


def test_the_version_that_is_installed_has_an_entry_in_the_changelog() -> None:
    entries = re.findall(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert entries[0] == __version__
    assert len(entries) == len(set(entries))
