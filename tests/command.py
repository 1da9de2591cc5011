"""Runs commands of dms, each in a process of its own that is forked from one which has loaded the program already."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

Run = Callable[..., subprocess.CompletedProcess[str]]
_LIMIT_S = 120
"""A command that hangs is killed then, and fails its test instead of stopping all."""
LOADED = """
import json, os, signal, sys, traceback
from dms.threads import one_thread_each
one_thread_each()
import dms.aim.viewer, dms.cli, dms.cli.app, dms.config, dms.evaluate.emotion, dms.replay.replay, dms.service.check

for line in sys.stdin:
    folder, arguments = json.loads(line)
    pid = os.fork()
    if pid == 0:
        signal.alarm({limit_s})
        for descriptor, name in ((1, "out"), (2, "err")):
            os.dup2(os.open(os.path.join(folder, name), os.O_WRONLY | os.O_CREAT | os.O_TRUNC), descriptor)
        sys.argv = ["dms", *arguments]
        code = 0
        try:
            dms.cli.main()
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else bool(end.code)
        except BaseException:
            traceback.print_exc()
            code = 1
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
"""


class Commands:
    """Starts commands.

    Args:
        folder: For what they print.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process = subprocess.Popen(
            [sys.executable, "-c", LOADED.replace("{limit_s}", str(_LIMIT_S))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            # read when OpenCV is loaded, which is before the command says so itself
            env={**os.environ, "OPENCV_LOG_LEVEL": "SILENT", "OPENCV_FFMPEG_LOGLEVEL": "-8"},
        )

    def run(self, *arguments: object) -> subprocess.CompletedProcess[str]:
        """Run ``dms`` with these arguments to its end."""
        given = [str(argument) for argument in arguments]
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([str(self._folder), given]) + "\n")
        self._process.stdin.flush()
        code = int(self._process.stdout.readline())
        out, err = ((self._folder / name).read_text(encoding="utf-8") for name in ("out", "err"))
        return subprocess.CompletedProcess(given, code, out, err)

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(60.0)
        self._process.stdout.close()
