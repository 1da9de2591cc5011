"""A disk that loses its power: what SQLite writes is noted, and laid out as any cut in between could have left it.

No kernel module and no package: SQLite's own file functions (https://www.sqlite.org/c3ref/io_methods.html) are wrapped
by ctypes in the library that this Python uses. A block that was written and not yet synced is there or not, each for
itself; one that was synced is there. A file that was deleted may be back until its folder is synced.
"""

import contextlib
import ctypes
import random
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SECTOR = 512
"""What a disk writes whole or not at all."""
_OPENED = 0x00000100 | 0x00000800 | 0x00080000
"""SQLITE_OPEN_MAIN_DB, SQLITE_OPEN_MAIN_JOURNAL, SQLITE_OPEN_WAL."""
_VFS_WORDS, _OPEN, _DELETE = 7, 5, 6
"""Places in ``sqlite3_vfs``, in words of 8 bytes: two ints, an int with a gap, next, name, data, then the functions."""
_METHODS, _WRITE, _TRUNCATE, _SYNC = 19, 3, 4, 5
"""Places in ``sqlite3_io_methods``."""

_Open = ctypes.CFUNCTYPE(
    # the name as an address: SQLite keeps it as long as the file is open
    ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int, ctypes.POINTER(ctypes.c_int)
)  # fmt: skip
_Delete = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int)
_Write = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int, ctypes.c_int64)
_Truncate = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int64)
_Sync = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int)


@dataclass(frozen=True)
class Step:
    """Something that happened to the disk, or that was promised.

    Attributes:
        kind: ``write``, ``truncate``, ``sync``, ``delete``, ``replace`` (whole, at once) or ``promise``.
        name: The file.
        at: Where it was written, or the new length.
        content: What was written.
        promise: What the program may rely on from here.
    """

    kind: str
    name: str = ""
    at: int = 0
    content: bytes = b""
    promise: Any = None


@dataclass
class Recording:
    """What happened, in order."""

    steps: list[Step] = field(default_factory=list)

    def replace(self, path: Path) -> None:
        """A file was replaced as a whole, and that was synced."""
        self.steps.append(Step("replace", path.name, content=path.read_bytes()))

    def promise(self, promise: Any) -> None:
        self.steps.append(Step("promise", promise=promise))


def library() -> ctypes.CDLL | None:
    """The SQLite that this Python uses; None where it is built into the interpreter."""
    sqlite3.connect(":memory:").close()  # it is loaded now, if ever
    maps = Path("/proc/self/maps").read_text(encoding="utf-8").split()
    path = next((word for word in maps if "/libsqlite3.so" in word), None)
    return None if path is None else ctypes.CDLL(path)


def _words(address: int, count: int) -> Any:
    return (ctypes.c_void_p * count).from_address(address)


def _path(address: int) -> Path:
    return Path(ctypes.string_at(address).decode())


@contextlib.contextmanager
def recording(sqlite: ctypes.CDLL, folder: Path) -> Iterator[Recording]:
    """Note what SQLite writes to the databases and their logs in a folder that are opened from now on."""
    sqlite.sqlite3_vfs_find.restype = ctypes.c_void_p
    vfs = _words(sqlite.sqlite3_vfs_find(None), _VFS_WORDS + 1)
    noted, names, kept = Recording(), dict[int, str](), list[Any]()
    opened, deleted = int(vfs[_OPEN]), int(vfs[_DELETE])
    really_open, really_delete = _Open(opened), _Delete(deleted)

    def hold(function: Any) -> int:
        kept.append(function)  # as long as SQLite may call it
        return int(ctypes.cast(function, ctypes.c_void_p).value or 0)

    def watch(file: int, name: str) -> None:
        names[file] = name
        place = ctypes.c_void_p.from_address(file)
        if place.value is None:
            return
        found = _words(place.value, _METHODS)
        methods = (ctypes.c_void_p * _METHODS)(*found)
        write, truncate, sync = _Write(found[_WRITE]), _Truncate(found[_TRUNCATE]), _Sync(found[_SYNC])

        def on_write(file: int, content: int, count: int, at: int) -> int:
            noted.steps.append(Step("write", names[file], at, ctypes.string_at(content, count)))
            return int(write(file, content, count, at))

        def on_truncate(file: int, size: int) -> int:
            noted.steps.append(Step("truncate", names[file], size))
            return int(truncate(file, size))

        def on_sync(file: int, flags: int) -> int:
            result = int(sync(file, flags))
            noted.steps.append(Step("sync", names[file]))
            return result

        methods[_WRITE], methods[_TRUNCATE] = hold(_Write(on_write)), hold(_Truncate(on_truncate))
        methods[_SYNC] = hold(_Sync(on_sync))
        kept.append(methods)
        place.value = ctypes.addressof(methods)

    def on_open(self: int, name: int | None, file: int, flags: int, out: Any) -> int:
        result = int(really_open(self, name, file, flags, out))
        if result == 0 and name is not None and flags & _OPENED and _path(name).parent == folder:
            watch(file, _path(name).name)
        return result

    def on_delete(self: int, name: int, sync_folder: int) -> int:
        if _path(name).parent == folder:  # not what an earlier test has left to the garbage collector
            noted.steps.append(Step("delete", _path(name).name))
        return int(really_delete(self, name, sync_folder))

    vfs[_OPEN], vfs[_DELETE] = hold(_Open(on_open)), hold(_Delete(on_delete))
    try:
        yield noted
    finally:
        vfs[_OPEN], vfs[_DELETE] = opened, deleted


@dataclass
class _File:
    """One file on the disk: what is safe, and what was written since."""

    safe: bytearray | None = None
    unsynced: list[Step] = field(default_factory=list)

    def content(self, survives: Callable[[], bool]) -> bytes | None:
        """What is there after the cut; None for no file."""
        if self.safe is None and not survives():
            return None
        content = bytearray(self.safe or b"")
        for step in self.unsynced:
            if step.kind == "truncate":
                if survives():
                    _resize(content, step.at)
                continue
            for start in range(0, len(step.content), SECTOR):
                if survives():
                    _put(content, step.at + start, step.content[start : start + SECTOR])
        return bytes(content)


def _resize(content: bytearray, size: int) -> None:
    del content[size:]
    content.extend(bytes(size - len(content)))


def _put(content: bytearray, at: int, piece: bytes) -> None:
    if len(content) < at:
        content.extend(bytes(at - len(content)))
    content[at : at + len(piece)] = piece


def after_cut(steps: list[Step], chance: random.Random) -> dict[str, bytes]:
    """The files that a power cut right after these steps may have left."""
    files: dict[str, _File] = {}
    deleted: dict[str, _File] = {}
    for step in steps:
        if step.kind == "promise":
            continue
        if step.kind == "delete":
            if step.name in files:
                deleted[step.name] = files.pop(step.name)
            continue
        file = files.setdefault(step.name, _File())
        if step.kind == "replace" or (step.kind == "sync" and file.safe is None):
            deleted.clear()  # the folder is synced: with whoever replaces a file, and with the first sync of a new one
        if step.kind == "sync":
            file.safe, file.unsynced = bytearray(file.content(lambda: True) or b""), []
        elif step.kind == "replace":
            file.safe, file.unsynced = bytearray(step.content), []
        else:
            file.unsynced.append(step)
    back = {name: file for name, file in deleted.items() if chance.random() < 0.5}
    share = chance.choice([0.0, 0.1, 0.5, 0.9, 1.0])
    left = {name: file.content(lambda: chance.random() < share) for name, file in (back | files).items()}
    return {name: content for name, content in left.items() if content is not None}
