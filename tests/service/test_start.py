"""What a start of the daemon loads and how it reads its command line: a unit's is read without typer."""

import contextlib
import gc
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from typer.main import get_command

from dms.cli.app import app
from dms.cli.daemon import RunOptions, plain_options
from dms.cli.loading import loading

UNUSED = {
    # what reads other command lines, draws terminals, reads videos, tables and pages
    *("typer", "click", "rich", "argparse", "av", "pyarrow", "bokeh", "matplotlib", "jinja2", "torch"),
    # what only those need, and what only a person's question needs
    *("asyncio", "multiprocessing", "unittest", "difflib", "numpy.testing"),
    *("dms.replay", "dms.report", "dms.demo", "dms.evaluate", "dms.datasets", "dms.training", "dms.cli.app"),
    *("dms.aim.viewer", "dms.aim.picture", "dms.service.check", "dms.service.screen", "dms.alerts.schema"),
    # what the configuration does not name
    *("dms.frames.v4l2", "dms.frames.libcamera", "dms.frames.http", "dms.frames.stream"),
    *("dms.actions.hook", "dms.actions.gpio", "dms.actions.sound", "dms.records.trace", "dms.records.clips"),
}
"""What `dms run` on a folder of pictures has no use for: each costs every start, and memory while the daemon runs."""


def loaded(tmp_path: Path, table: str = "") -> set[str]:
    """Every module that is loaded by `dms run` on a picture, from its start to its end."""
    pictures, config = tmp_path / "pictures", tmp_path / "dms.toml"
    pictures.mkdir()
    cv2.imwrite(str(pictures / "1.jpg"), np.full((120, 160, 3), 90, np.uint8))
    config.write_text(f'[camera]\nsource = "{pictures}"\n[service]\nstate_dir = "{tmp_path / "state"}"\n{table}')
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "dms", "run", "--config", str(config)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return set(re.findall(r"^import time: +\d+ \| +\d+ \| +(\S+)$", done.stderr, re.MULTILINE))


def test_the_daemon_loads_nothing_that_it_does_not_use(tmp_path: Path) -> None:
    modules = loaded(tmp_path)
    assert "dms.service.daemon" in modules
    assert {name for name in modules if name in UNUSED or name.partition(".")[0] in UNUSED} == set()


def test_what_the_configuration_names_is_loaded(tmp_path: Path) -> None:
    modules = loaded(tmp_path, f'[records]\ntrace = true\n[actions.hook]\ncommand = "{sys.executable}"\n')
    assert {"dms.records.trace", "dms.actions.hook"} <= modules
    assert "dms.records.clips" not in modules


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("--config", "dms.toml"),
        ("-c", "/etc/dms/dms.toml", "--source", "/dev/video0"),
        ("--source", "rtsp://user:secret@10.0.0.2/stream", "-v"),
        ("--verbose", "--source", ""),
        ("--config", ""),
    ],
)
def test_a_plain_command_line_means_what_typer_reads_in_it(words: Sequence[str]) -> None:
    command: Any = get_command(app)
    context = command.commands["run"].make_context("run", list(words))
    given = context.params["config"]
    config = None if given is None else Path(given)
    assert plain_options(["run", *words]) == RunOptions(config, context.params["source"], context.params["verbose"])


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("check",),
        ("--version",),
        ("check", "--config", "dms.toml"),
        ("run", "--help"),
        ("run", "-h"),
        ("run", "dms.toml"),
        ("run", "--config"),
        ("run", "--config=dms.toml"),
        ("run", "-cdms.toml"),
        ("run", "--config", "--source"),
        ("run", "--source", "-1"),
        ("run", "--conf", "dms.toml"),
        ("run", "-v", "--verbose"),
        ("run", "--config", "a.toml", "-c", "b.toml"),
        ("run", "--", "-v"),
    ],
)
def test_whatever_is_not_plain_is_left_to_typer(words: Sequence[str]) -> None:
    assert plain_options(words) is None


def test_what_is_loaded_is_no_garbage_and_what_comes_later_is() -> None:
    frozen = gc.get_freeze_count()
    try:
        with contextlib.suppress(OSError), loading():
            assert not gc.isenabled()
            raise OSError("cannot be loaded")
        assert gc.isenabled()
        assert gc.get_freeze_count() > frozen
    finally:
        gc.unfreeze()
