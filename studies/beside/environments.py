"""An environment of its own for each system, made once in a folder, with versions that do not move."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
OLD = "6946d1c"
"""The build that this one is measured over."""


@dataclass(frozen=True)
class Environment:
    """A virtual environment.

    Attributes:
        folder: Where it is.
        python: Version of its Python.
    """

    folder: Path
    python: str

    @property
    def program(self) -> Path:
        return self.folder / "bin" / "python"

    @property
    def command(self) -> Path:
        """The installed ``dms``; ``python -m dms`` would take the one of the folder it is called in."""
        return self.folder / "bin" / "dms"

    def installed_mb(self) -> float:
        """All that pip put there, without pip itself, MB (10^6 bytes) on the disk."""
        packages = self.folder / "lib" / f"python{self.python}" / "site-packages"
        return sum(path.lstat().st_blocks * 512 for path in packages.rglob("*")) / 1e6

    def versions(self, names: Sequence[str]) -> str:
        """Names with their versions, for a table."""
        listing = pip("list", "--format=freeze", "--disable-pip-version-check", into=self)
        known = dict(line.lower().split("==", 1) for line in listing.splitlines() if "==" in line)
        return ", ".join(f"{name} {known[name.lower()]}" for name in names)


def pip(*arguments: str, into: Environment) -> str:
    """Run this Python's pip for another environment, which then holds none itself."""
    command = [sys.executable, "-m", "pip", "--python", str(into.program), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)}:\n{done.stderr}")
    return done.stdout


def find_python(version: str) -> str:
    """A Python of this version, on the path or from pyenv, whose names on the path work only for the one in use."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    for program in (f"python{version}", *map(str, pyenv.glob(f"versions/{version}.*/bin/python"))):
        if (
            shutil.which(program)
            and not subprocess.run([program, "-c", ""], capture_output=True, check=False).returncode
        ):
            return program
    sys.exit(f"Python {version} is needed and is not here")


def make(folder: Path, python: str, *packages: str, alone: Sequence[str] = ()) -> Environment:
    """Make an environment with these packages, or take the one that is there; ``alone`` come without what they need."""
    environment, mark = Environment(folder, python), folder / "complete"
    if not mark.exists():
        print(f"making {folder.name}", file=sys.stderr)
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run([find_python(python), "-m", "venv", "--without-pip", str(folder)], check=True)
        pip("install", "-q", "--disable-pip-version-check", *packages, into=environment)
        if alone:
            pip("install", "-q", "--disable-pip-version-check", "--no-deps", *alone, into=environment)
        mark.touch()
    return environment


def make_build(folder: Path, python: str, commit: str | None, scratch: Path, more: Sequence[str] = ()) -> Environment:
    """Make an environment with a build of this program as its pinned requirements have it; None is the working tree."""
    source = ROOT
    if commit is not None:
        source = scratch / commit
        if not source.exists():
            source.mkdir(parents=True)
            packed = subprocess.run(["git", "-C", str(ROOT), "archive", commit], capture_output=True, check=True).stdout
            subprocess.run(["tar", "-x", "-C", str(source)], input=packed, check=True)
    environment = make(
        folder, python, "--require-hashes", "-r", f"{source}/deploy/requirements/runtime.txt", alone=more
    )
    # the build itself changes from one call to the next
    pip("install", "-q", "--disable-pip-version-check", "--no-deps", "--force-reinstall", str(source), into=environment)
    return environment
