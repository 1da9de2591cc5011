"""What the daemon says on standard error: levels that journald understands, and no flood.

Takes log records, gives lines. Where journald listens (``JOURNAL_STREAM``, systemd.exec(5)) each line begins with its
syslog priority, ``<4>`` for a warning (sd-daemon(3)); elsewhere the local time and the level are written out. Never
touches a file.
"""

import logging
import os
import sys
import time
from collections.abc import Callable

_PRIORITIES = {logging.DEBUG: 7, logging.INFO: 6, logging.WARNING: 4, logging.ERROR: 3, logging.CRITICAL: 2}
_BURST = 10
"""Records of one kind that are logged within a window; a fault that repeats says no more after that."""
_WINDOW_S = 60.0


def log_to_stderr(level: str) -> None:
    """Log to standard error from this level on: ``debug``, ``info``, ``warning`` or ``error``."""
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(RepeatLimit())
    text = "%(name)s: %(message)s"
    # journald stamps for itself, a terminal or a container's log does not
    stamped = logging.Formatter(f"%(asctime)s %(levelname)s {text}", "%Y-%m-%dT%H:%M:%S%z")
    handler.setFormatter(JournalFormatter(text) if journal_listens() else stamped)
    logging.basicConfig(handlers=[handler])
    set_log_level(level)


def set_log_level(level: str) -> None:
    """Log from this level on; one of those of ``log_to_stderr``."""
    logging.getLogger().setLevel(level.upper())


def journal_listens() -> bool:
    """Return whether standard error goes to journald."""
    try:
        status = os.fstat(2)
    except OSError:
        return False
    return os.environ.get("JOURNAL_STREAM") == f"{status.st_dev}:{status.st_ino}"


class JournalFormatter(logging.Formatter):
    """Begins every line, those of a traceback too, with the record's priority."""

    def format(self, record: logging.LogRecord) -> str:
        """Give the record as lines."""
        prefix = f"<{_PRIORITIES.get(record.levelno, 6)}>"
        return "\n".join(prefix + line for line in super().format(record).splitlines())


class RepeatLimit(logging.Filter):
    """Lets at most ten records of one kind pass in a minute; the kind is the logger and the text before its values.

    The tenth says that more will be left out, the next one after the minute how many were. Debug is not limited.

    Args:
        now: Monotonic seconds.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._now = now
        self._windows: dict[tuple[str, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether the record passes; its text may be added to."""
        if record.levelno <= logging.DEBUG:
            return True
        now, kind = self._now(), (record.name, str(record.msg))
        began, count = self._windows.get(kind, (now, 0))
        note = ""
        if now - began >= _WINDOW_S:
            note = f" ({count - _BURST} more like this were left out)" if count > _BURST else ""
            began, count = now, 0
        self._windows[kind] = (began, count + 1)
        if count + 1 == _BURST:
            note += f" (more like this are left out for up to {_WINDOW_S:.0f} s)"
        if note:
            record.msg, record.args = record.getMessage() + note, ()
        return count < _BURST
