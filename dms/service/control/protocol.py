"""What is said over the local socket, and where it lies. Shared by daemon and commands.

A connection carries one question and its answers, a line of JSON each:

    > {"version": 1, "ask": "status", "arguments": {}}
    < {"version": 1, "answer": {...}}          as often as there is something to say, also never
    < {"version": 1}                           every two seconds without an answer: it is still at it
    < {"version": 1, "end": "done"}            or another ``end`` with a ``text``; then the daemon closes

A question or a field may be added without a new version; a reader ignores what it does not know.
"""

import hashlib
import os
from collections.abc import Callable, Generator, Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

VERSION = 1
"""Rises only when a field goes or changes its meaning."""
LONGEST_QUESTION = 16_384
"""Bytes of a question with its line end."""
LONGEST_ANSWER = 8_000_000
"""Bytes of an answer with its line end: a picture has room."""
PATIENCE_S = 5.0
"""Longest time for an asker to ask, and to read the answer."""
ALIVE_S = 2.0
"""How often the daemon says that it is still working, seconds."""
_RUNTIME_DIR = Path("/run/dms")
"""The shipped unit's ``RuntimeDirectory=``."""

Answer = Mapping[str, Any]
"""Plain data, as JSON has it."""
Handler = Callable[[Mapping[str, Any]], Generator[Answer | None, None, None]]
"""Answers one kind of question: takes its arguments, yields its answers.

Runs in a thread of the asker's own, so it may wait, but must not touch what belongs to the loop (``LoopCalls`` does).
While there is nothing to say it yields None, every second at least: only there is it noticed that the asker has gone,
or that the daemon stops. Its ``finally`` runs in each case. May raise ``RefusedError``, and pydantic's
``ValidationError`` about the arguments.
"""

End = Literal["done", "refused", "invalid", "unknown", "version", "busy", "failed", "stopped"]


class RefusedError(Exception):
    """What is asked for cannot be done now; the text says why."""


class Question(BaseModel):
    """What is asked."""

    model_config = ConfigDict(extra="ignore", frozen=True, defer_build=True)

    version: int
    ask: str = Field(max_length=64)
    arguments: dict[str, Any] = {}


class Reply(BaseModel):
    """A line of the daemon's: an answer, or how it ended, or neither: it is still at it.

    What an answer holds is sent as it is, ``null`` too.
    """

    model_config = ConfigDict(extra="ignore", frozen=True, defer_build=True)

    version: int = VERSION
    answer: dict[str, Any] | None = None
    end: End | None = None
    text: str | None = None

    def to_line(self) -> bytes:
        """Return everything as it goes over the socket."""
        return self.model_dump_json(exclude_none=True).encode() + b"\n"


def socket_paths(folder: Path) -> tuple[Path, ...]:
    """Return where the daemon of a state folder may be asked, the first choice first.

    When the state folder cannot be written (a failing card) somebody will ask: the runtime folder, which is in memory,
    is the second choice. There the name tells which state folder it is about.

    Args:
        folder: The state folder, as ``state_folder`` returns it.
    """
    mark = hashlib.blake2b(os.fsencode(folder.absolute()), digest_size=4).hexdigest()
    runtime = Path(os.environ.get("RUNTIME_DIRECTORY", "").partition(":")[0] or _RUNTIME_DIR)
    return folder / "control.sock", runtime / f"control-{mark}.sock"
