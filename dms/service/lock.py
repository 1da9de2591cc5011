"""Keeps two daemons off one state folder: they would send each other's alerts and use sequence numbers twice.

Takes a folder, gives an open file that holds a lock. The kernel frees it when the process ends, however it ends.
"""

import fcntl
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from dms.errors import WorldError
from dms.service.folder import user_name

log = logging.getLogger(__name__)


def lock_folder(folder: Path) -> IO[bytes]:
    """Lock a folder until the file that is returned is closed.

    A folder that cannot be written is no reason not to watch the driver: the daemon then goes on without a lock, as
    it goes on without an outbox on disk.

    Raises:
        WorldError: Another process holds the lock.
    """
    _warn_root(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = (folder / "lock").open("wb")
    except OSError as error:
        log.warning("%s cannot be written (%s): nothing will be kept over a restart", folder, error.strerror)
        return Path("/dev/null").open("rb")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        file.close()
        raise WorldError(
            f"another dms uses {folder}: stop it, or give this one a service.state_dir of its own"
        ) from error
    return file


def _warn_root(folder: Path) -> None:
    """Warn root who works in somebody else's folder: its owner cannot write later what root writes now."""
    if os.geteuid() != 0:
        return
    with suppress(OSError, StopIteration):
        owner = next(path for path in (folder, *folder.parents) if path.exists()).stat().st_uid
        if owner != 0:
            name = user_name(owner)
            log.warning(
                "run as root in %s, which belongs to %s: what is written now %s cannot write later. "
                "Stop it, sudo chown -R %s: %s, and run it as %s",
                *(folder, name, name, name, folder, name),
            )


@contextmanager
def unlocked(folder: Path) -> Iterator[bool]:
    """Whether no process holds a folder's lock; no daemon can take it within the block. Makes no file."""
    try:
        file = (folder / "lock").open("rb")
    except OSError:
        yield True  # there is none, or none that this user could hold
        return
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
