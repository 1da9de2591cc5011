"""Where a daemon keeps what must outlive it: outbox, baselines and lock.

Takes the configuration and the source, gives a folder. A recording has one of its own, the same each time that it is
run: its alerts never lie among the vehicle's, and what was not delivered goes out the next time.
"""

import hashlib
import pwd
import re
from pathlib import Path
from typing import TYPE_CHECKING

from dms.config import Config
from dms.errors import UserError
from dms.frames.camera import open_source

if TYPE_CHECKING:
    from dms.frames.source import Source

_LONGEST_NAME = 64


def state_folder(config: Config, source: "Source") -> Path:
    """Return the state folder of a live source, ``recordings/<name>`` in it for a file."""
    folder = config.service.state_dir
    return folder if source.live else folder / "recordings" / _name(config.camera.source)


def asked_folder(config: Config) -> Path:
    """Return the state folder of the daemon that runs with this configuration, as far as its source is known."""
    try:
        return state_folder(config, open_source(config.camera))
    except UserError:  # a recording that is gone: reported by whoever wants to read it
        return config.service.state_dir


def _name(recording: str) -> str:
    """Return the file's name as far as every file system takes it, and what tells it from another of that name."""
    path = Path(recording).resolve()
    mark = hashlib.blake2b(str(path).encode("utf-8", "surrogateescape"), digest_size=4).hexdigest()
    return f"{re.sub('[^A-Za-z0-9._-]', '_', path.stem)[:_LONGEST_NAME]}-{mark}"


def user_name(uid: int) -> str:
    """Return what a user is called, the number where there is no name."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
