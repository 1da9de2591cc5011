"""Runs a module of this room in a process of its own: PyTorch, TensorFlow and the TFLite runtime do not load together.

Takes the module and its files, gives nothing but what it writes.
"""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from dms.errors import WorldError


def run_apart(module: str, *files: Path, failed: str, environment: Mapping[str, str] | None = None) -> None:
    """Run ``python -m module FILE...`` and wait for it.

    Args:
        module: Its full name.
        files: What it reads and writes.
        failed: What has failed when it fails, as the error begins.
        environment: Variables that are set beside those of this process.

    Raises:
        WorldError: It failed; with the last line of what it said.
    """
    command = [sys.executable, "-m", module, *map(str, files)]
    done = subprocess.run(
        command, env={**os.environ, **(environment or {})}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise WorldError(f"{failed}: {done.stderr.strip().splitlines()[-1:]}")
