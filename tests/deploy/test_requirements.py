"""What the installer takes: every package is pinned by hash, and suits pyproject.toml on every Python."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement

ROOT = Path(__file__).parent.parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
FILES = sorted((ROOT / "deploy" / "requirements").glob("*.txt"))
MACHINES = ("x86_64", "aarch64")
PYTHONS = ("3.11", "3.12", "3.13", "3.14")


def entries(path: Path) -> list[str]:
    text = path.read_text(encoding="utf-8").replace("\\\n", " ")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def pinned(path: Path, python: str, machine: str) -> dict[str, str]:
    """Version by name of what pip takes from a file on some machine."""
    here = {**this_environment(), **environment(python, machine)}
    requirements = [Requirement(entry.partition("--hash")[0].strip()) for entry in entries(path)]
    return {
        one.name: str(one.specifier).removeprefix("==")
        for one in requirements
        if one.marker is None or one.marker.evaluate(here)
    }


def this_environment() -> dict[str, str]:
    return {name: str(value) for name, value in default_environment().items()}


def environment(python: str, machine: str) -> dict[str, str]:
    return {
        "python_version": python,
        "python_full_version": f"{python}.2",
        "platform_machine": machine,
        "sys_platform": "linux",
    }


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_package_has_one_version_and_its_hashes_and_no_place(path: Path) -> None:
    assert entries(path)
    for entry in entries(path):
        assert re.match(r"[a-z0-9-]+==[^\s;]+ ", entry), entry
        assert "--hash=sha256:" in entry
        assert "://" not in entry
        assert "--index" not in entry


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize(("file", "extras"), [("runtime.txt", ()), ("extras.txt", ("gpio", "obd"))])
def test_what_is_pinned_is_what_the_project_asks_for(
    file: str, extras: tuple[str, ...], python: str, machine: str
) -> None:
    have = pinned(ROOT / "deploy" / "requirements" / file, python, machine)
    asked = [*PROJECT["project"]["dependencies"]]
    for extra in extras:
        asked += PROJECT["project"]["optional-dependencies"][extra]
    here = {**this_environment(), **environment(python, machine)}
    for requirement in map(Requirement, asked):
        if requirement.marker is None or requirement.marker.evaluate(here):
            assert requirement.specifier.contains(have[requirement.name]), requirement


def test_each_python_has_one_runtime_of_the_models() -> None:
    runtime = ROOT / "deploy" / "requirements" / "runtime.txt"
    for python in PYTHONS:
        found = {"tflite-runtime", "ai-edge-litert"} & set(pinned(runtime, python, "aarch64"))
        assert found == ({"tflite-runtime"} if python == "3.11" else {"ai-edge-litert"})


def test_the_wheel_is_made_by_the_tool_that_the_project_names() -> None:
    (tool,) = map(Requirement, PROJECT["build-system"]["requires"])
    assert tool.specifier.contains(pinned(ROOT / "deploy" / "requirements" / "build.txt", "3.11", "aarch64")[tool.name])
