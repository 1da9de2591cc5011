"""What the installer puts in place: scripts that a plain shell reads, a configuration that holds."""

import shutil
import subprocess
from pathlib import Path

import pytest

from dms.config import load_config

ROOT = Path(__file__).parent.parent.parent
SCRIPTS = [
    *sorted((ROOT / "deploy").glob("*.sh")),
    ROOT / "deploy" / "dms-check",
    ROOT / "deploy" / "dms-rollback",
    *sorted(ROOT.glob("scripts/*.sh")),
    *sorted((ROOT / "tests" / "system").glob("*.sh")),
]


@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="shellcheck is not installed")
def test_shellcheck_finds_nothing() -> None:
    result = subprocess.run(["shellcheck", *map(str, SCRIPTS)], capture_output=True, text=True, check=False)
    assert result.stdout == ""


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_a_plain_shell_reads_it(script: Path) -> None:
    assert script.read_text(encoding="utf-8").startswith("#!/bin/sh\n")
    subprocess.run(["sh", "-n", str(script)], check=True)


def test_the_first_configuration_holds(tmp_path: Path) -> None:
    path = ROOT / "deploy" / "dms.toml"
    assert load_config(path).camera.source == "/dev/dms-camera"
    unmarked = tmp_path / "dms.toml"
    unmarked.write_text(path.read_text(encoding="utf-8").replace("#login", "login"), encoding="utf-8")
    unit = (ROOT / "systemd" / "dms.service").read_text(encoding="utf-8")
    assert f"LoadCredential={load_config(unmarked).mqtt.login_credential}:" in unit
    assert 'SYMLINK+="dms-camera"' in (ROOT / "deploy" / "99-dms-camera.rules").read_text(encoding="utf-8")


def test_images_are_pinned_by_digest() -> None:
    folder = ROOT / "deploy" / "container"
    lines = [
        line.strip() for name in ("Containerfile", "compose.yaml") for line in (folder / name).read_text().splitlines()
    ]
    images = [line for line in lines if line.startswith(("ARG BASE=", "image: docker.io"))]
    assert len(images) == 2
    assert all("@sha256:" in image for image in images)
