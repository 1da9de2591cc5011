"""The commands, a module for each group. They call the rooms; nothing here judges, decodes or publishes.

Exit codes: 0 done, 1 something outside the program failed, 2 the input is wrong, 130 interrupted.
"""

import os
import sys

from dms.cli.daemon import plain_options, run_daemon
from dms.cli.loading import loading
from dms.errors import UserError, WorldError
from dms.threads import one_thread_each

_QUIET = {"OPENCV_LOG_LEVEL": "SILENT", "OPENCV_FFMPEG_LOGLEVEL": "-8"}
"""What is wrong with a picture, a video or a camera is said by our own errors, in one line, without an address and its
password."""

_NO_PLUGINS = ("PYDANTIC_DISABLE_PLUGINS", "__all__")
"""Else pydantic reads what every installed package says of itself, in search of one that would change how it works."""


def main() -> None:
    """Run a command and turn errors that are meant to be read into one line and an exit code."""
    # before a command loads its libraries; a program that imports dms keeps its own settings
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)
    os.environ.setdefault(*_NO_PLUGINS)
    if "train" not in sys.argv[1:2]:
        # a training has work for more
        one_thread_each()
    options = plain_options(sys.argv[1:])
    try:
        if options is not None:
            run_daemon(options)
        else:
            _run_other()
    except UserError as error:
        _fail(error, 2)
    except WorldError as error:
        _fail(error, 1)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        # the reader of our output went away, as `| head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _run_other() -> None:
    with loading():
        from dms.cli.app import app  # noqa: PLC0415  # `import dms.cli` loads no library

    app()


def _fail(error: Exception, code: int) -> None:
    from dms.service.log import journal_listens  # noqa: PLC0415  # --help stays quick

    prefix = "<3>" if journal_listens() else ""
    for line in str(error).splitlines():
        print(f"{prefix}dms: {line}", file=sys.stderr)
    sys.exit(code)
