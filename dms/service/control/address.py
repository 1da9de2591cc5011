"""Names a socket by its folder's descriptor, so that a path may be longer than ``sun_path`` (108 bytes, unix(7))."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def short_address(path: Path) -> Iterator[str]:
    """An address for ``bind`` and ``connect`` that is short whatever the path is; good within the block.

    Raises:
        OSError: The folder is not there, or cannot be entered.
    """
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)
