"""The installer on a booted Debian, DMS on 64-bit ARM under qemu, the image: the scripts beside this file, as tests.

    sudo DMS_SYSTEM_ROOTS=/var/tmp/roots .venv/bin/pytest -m system -n 0 -s tests/system

Each takes an hour and a gigabyte in the folder, and needs root, debootstrap and the network.
"""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOTS = os.environ.get("DMS_SYSTEM_ROOTS")
pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(os.geteuid() != 0, reason="makes a Debian root: needs root"),
    pytest.mark.skipif(ROOTS is None, reason="DMS_SYSTEM_ROOTS names no folder for the Debian roots"),
    pytest.mark.skipif(shutil.which("debootstrap") is None, reason="debootstrap is not installed"),
]


def run(script: str, folder: str, *more: str) -> None:
    command = ["sh", str(HERE / script), str(Path(ROOTS or "") / folder), *more]
    subprocess.run(command, cwd=HERE.parents[1], check=True)


@pytest.mark.parametrize("suite", ["bookworm", "trixie"])
def test_an_owner_installs_upgrades_rolls_back_and_removes_it(suite: str) -> None:
    run("try_install.sh", suite, suite)


@pytest.mark.parametrize("suite", ["bookworm", "trixie"])
def test_it_works_on_64_bit_arm(suite: str) -> None:
    run("aarch64.sh", f"{suite}-arm64", suite)


@pytest.mark.skipif(shutil.which("podman-compose") is None, reason="podman-compose is not installed")
def test_the_image_runs_as_the_compose_file_says() -> None:
    run("try_image.sh", "image")


def test_an_owner_installs_and_removes_it_on_64_bit_arm() -> None:
    run("try_install.sh", "bookworm-arm64-booted", "bookworm", "arm64")
