"""What ``dms check`` says of the disk: whether all that the daemon keeps can be written as the daemon writes it.

Takes a configuration, opens what is there for writing and leaves every byte as it is. A folder that can be written may
hold files that cannot: one ``sudo dms run`` leaves an outbox that the service may only read.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from dms.config import Config
from dms.service.folder import asked_folder, user_name
from dms.service.problems import FREE_MB, Verdict

_OUTBOX = "outbox.sqlite"
_FILES = ("lock", _OUTBOX, f"{_OUTBOX}-wal", f"{_OUTBOX}-shm", "outbox.numbers", "outbox.numbers.partial")
"""What the daemon opens in its state folder, where it is there."""
_NAMED = 3


def check_disk(config: Config) -> tuple[Verdict, str]:
    """Open whatever the daemon would write."""
    folder = config.service.state_dir
    with _made(folder) as problem:
        if problem is not None:
            text = f"{folder} cannot be written ({problem}): alerts and the driver's baseline are lost at a restart"
            return "warning", f"{text}; give it to this user, or set service.state_dir to another folder"
        kept = asked_folder(config)
        found = [*_files(kept), *_folders(config, kept), *_strangers(kept)]
        free_mb = shutil.disk_usage(folder).free / 1e6
    if found:
        more = f"; and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
        told = "; ".join(found[:_NAMED]) + more
        owner = _owner(folder)
        return "warning", f"{told}: alerts or what was learned would be lost; sudo chown -R {owner}: {folder}"
    if free_mb < FREE_MB:
        return "warning", f"only {free_mb:.0f} MB free in {folder}: alerts could not be kept for long"
    return "ok", f"{folder} and what lies in it can be written, {free_mb:,.0f} MB free"


@contextmanager
def _made(folder: Path) -> Iterator[str | None]:
    """Make a folder for as long as the block lasts where there is none; returns why it cannot be written, or None."""
    new: list[Path] = []
    try:
        try:
            new = [path for path in (folder, *folder.parents) if not path.exists()]
            folder.mkdir(parents=True, exist_ok=True)
            problem = _unwritable(folder)
        except OSError as error:
            problem = error.strerror or str(error)
        yield problem
    finally:
        for path in new:
            with suppress(OSError):
                path.rmdir()


def _unwritable(folder: Path) -> str | None:
    """Why no file can be made and written in a folder; None when one can. It has no name, and is gone at once."""
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"dms")
    except OSError as error:
        return error.strerror or str(error)
    return None


def _closed(file: Path) -> str | None:
    """Return why a file cannot be opened as the daemon opens it; None when it can, or is not there."""
    try:
        # neither truncated nor made; a FIFO in its place answers at once instead of waiting for a reader
        os.close(os.open(file, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC))
    except FileNotFoundError:
        return None
    except OSError as error:
        return error.strerror or str(error)
    return None if file.is_file() else "it is no file"


def _files(folder: Path) -> Iterator[str]:
    if not folder.exists():
        return
    baselines = folder / "baselines"
    with suppress(OSError):
        kept = [*(folder / name for name in _FILES), *baselines.glob("*.json"), *baselines.glob("*.partial")]
        for file in kept:
            problem = _closed(file)
            if problem is not None:
                yield f"{file} cannot be written ({problem})"


def _folders(config: Config, kept: Path) -> Iterator[str]:
    """Yield folders in which files are made or removed, as far as they are there."""
    wanted = [kept, kept / "baselines"]
    for name, is_on in (("traces", config.records.trace), ("clips", config.records.video)):
        if is_on:
            wanted.append(config.service.state_dir / name)
            with suppress(OSError):
                # the oldest traces are removed to make room
                wanted += [run for run in (config.service.state_dir / name).iterdir() if run.is_dir()]
    for folder in wanted:
        if folder == config.service.state_dir:
            continue
        try:
            problem = _unwritable(folder) if folder.is_dir() else ("it is no folder" if folder.exists() else None)
        except OSError as error:
            problem = error.strerror or str(error)
        if problem is not None:
            yield f"{folder} cannot be written ({problem})"


def _strangers(folder: Path) -> Iterator[str]:
    """Yield what belongs to somebody else than its folder does: root, who looks, may write it; the service may not."""
    if os.geteuid() != 0:
        return
    with suppress(OSError):
        owner = folder.stat().st_uid
        for path in (*(folder / name for name in _FILES), folder / "baselines", *folder.glob("baselines/*")):
            with suppress(FileNotFoundError):
                if path.stat().st_uid != owner:
                    yield f"{path} belongs to {_owner(path)}, not to {_owner(folder)} like its folder"


def _owner(path: Path) -> str:
    return user_name(path.stat().st_uid)
