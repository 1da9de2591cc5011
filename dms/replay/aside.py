"""Results that appear whole: written into a folder of their own and moved into their place once they are complete.

For work that may be done twice at the same time, as on a cluster that takes a worker for dead.
"""

import glob
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dms.replay.files import UNFINISHED

_LAST = "summary.json"
"""Says that the others are there."""
_ID = "[0-9a-f]" * 32
"""What a scratch folder's name ends in; that of a drive may go on after a dot too."""


@contextmanager
def aside(folder: Path) -> Iterator[Path]:
    """A new folder beside ``folder``, whose files replace those there at the end; on an error they are gone.

    Raises:
        OSError: Either cannot be written.
    """
    for left in folder.parent.glob(f".{glob.escape(folder.name)}.{_ID}"):
        # of an attempt that was killed; one that still runs finds no folder any more, and nobody waits for it
        shutil.rmtree(left, ignore_errors=True)
    scratch = folder.parent / f".{folder.name}.{uuid.uuid4().hex}"
    scratch.mkdir(parents=True)
    try:
        yield scratch
        folder.mkdir(exist_ok=True)
        (folder / UNFINISHED).touch()
        made = sorted(scratch.iterdir(), key=lambda file: file.name == _LAST)
        for old in folder.glob("states.*"):
            if not (scratch / old.name).exists():
                old.unlink(missing_ok=True)
        for file in made:
            file.replace(folder / file.name)
        (folder / UNFINISHED).unlink(missing_ok=True)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
