"""The installer on a booted Debian, and DMS on 64-bit ARM under qemu: the scripts beside this file, run as tests.

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
