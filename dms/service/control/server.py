"""The daemon's side of the local socket: listens, and has each question answered in a thread of its own.

Takes handlers, gives nothing. The daemon works without it: a folder that can hold no socket is logged, not fatal.
"""

import errno
import logging
import os
import select
import socket
import stat
import threading
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import closing, suppress
from pathlib import Path

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from dms.service.control.address import short_address
from dms.service.control.protocol import (
    ALIVE_S,
    LONGEST_QUESTION,
    PATIENCE_S,
    VERSION,
    End,
    Handler,
    Question,
    RefusedError,
    Reply,
)

log = logging.getLogger(__name__)

_MODE = 0o660
_MOST_ASKERS = 8
"""Who asks at the same time: a person or two with a page open, and a monitor; the unit's TasksMax= is 64."""
_BACKLOG = 8


class ControlServer:
    """Answers questions while the daemon runs.

    Args:
        paths: Where to listen, the first choice first.
        handlers: Who answers, by the question's name.
    """

    def __init__(self, paths: Sequence[Path], handlers: Mapping[str, Handler]) -> None:
        self._paths = paths
        self._handlers = handlers
        self._listener: socket.socket | None = None
        self._path: Path | None = None
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._askers: set[threading.Thread] = set()

    def start(self) -> None:
        """Listen; a folder that can hold no socket is reported, and the next one tried."""
        problems: list[str] = []
        for path in self._paths:
            try:
                self._listener, self._path = _listen(path), path
            except OSError as error:
                problems.append(f"{path}: {error.strerror or error}")
            else:
                threading.Thread(target=self._accept, args=(self._listener,), name="control", daemon=True).start()
                return
        log.warning("nobody can ask this daemon how it is (dms status): %s", "; ".join(problems))

    def stop(self, timeout_s: float) -> None:
        """Tell everybody who is being answered that it is over, and leave nothing behind; waits so long at most."""
        self._stopping.set()
        if self._listener is None or self._path is None:
            return
        with suppress(OSError):
            self._path.unlink()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes ``accept``; ``close`` alone would not
        self._listener.close()
        deadline = time.monotonic() + timeout_s
        with self._lock:
            threads = list(self._askers)
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _accept(self, listener: socket.socket) -> None:
        while not self._stopping.is_set():
            try:
                asker, _ = listener.accept()
            except OSError as error:
                if self._stopping.is_set():
                    return
                # out of descriptors, for example: that passes
                log.warning("a question could not be taken: %s", error.strerror or error)
                self._stopping.wait(1.0)
                continue
            self._take(asker)

    def _take(self, asker: socket.socket) -> None:
        asker.settimeout(PATIENCE_S)
        thread = threading.Thread(target=self._serve, args=(asker,), name="control-asker", daemon=True)
        with self._lock:
            is_busy = len(self._askers) >= _MOST_ASKERS
            if not is_busy:
                self._askers.add(thread)
        if is_busy:
            with closing(asker), suppress(OSError):
                asker.sendall(_end("busy", "too many ask at the same time: try again").to_line())
            return
        thread.start()

    def _serve(self, asker: socket.socket) -> None:
        try:
            # whoever does not wait for the answer does not get it
            with closing(asker), suppress(OSError), closing(self._replies(asker)) as replies:
                told = time.monotonic()
                for reply in replies:
                    if reply is None and _is_gone(asker):
                        return
                    if reply is not None or time.monotonic() - told >= ALIVE_S:
                        asker.sendall((reply or Reply()).to_line())
                        told = time.monotonic()
        finally:
            with self._lock:
                self._askers.discard(threading.current_thread())

    def _replies(self, asker: socket.socket) -> Generator[Reply | None, None, None]:
        """The answers to the question that an asker sends, and how it ended; None while there is nothing to say."""
        question = _question(asker)
        if isinstance(question, Reply):
            yield question
            return
        handler = self._handlers.get(question.ask)
        if handler is None:
            yield _end("unknown", f"this daemon knows no question {question.ask!r}")
            return
        try:
            with closing(handler(question.arguments)) as answers:
                for answer in answers:
                    yield None if answer is None else Reply(answer=dict(answer))
                    if self._stopping.is_set():
                        yield _end("stopped", "the daemon stops")
                        return
        except RefusedError as error:
            yield _end("refused", str(error))
        except ValidationError as error:
            yield _end("invalid", "; ".join(map(_in_words, error.errors())))
        except Exception as error:
            # a defect in an answer is no reason to watch the driver no longer
            log.exception("the question %r could not be answered", question.ask)
            yield _end("failed", f"{type(error).__name__}: {error}")
        else:
            yield Reply(end="done")


def _in_words(problem: ErrorDetails) -> str:
    where = ".".join(map(str, problem["loc"]))
    return f"{where}: {problem['msg']}" if where else problem["msg"].removeprefix("Value error, ")


def _end(how: End, text: str) -> Reply:
    return Reply(end=how, text=text)


def _question(asker: socket.socket) -> Question | Reply:
    """Read what is asked; returns the answer where that is no question.

    Raises:
        OSError: The asker has gone, or says nothing.
    """
    told, deadline = b"", time.monotonic() + PATIENCE_S
    while b"\n" not in told:
        asker.settimeout(max(0.01, deadline - time.monotonic()))
        more = asker.recv(4096)
        told += more
        if not more or len(told) > LONGEST_QUESTION:
            return _end("invalid", f"a question is one line of JSON, at most {LONGEST_QUESTION} bytes long")
    asker.settimeout(PATIENCE_S)
    try:
        question = Question.model_validate_json(told.partition(b"\n")[0])
    except ValidationError:
        return _end("invalid", "a question is one line of JSON with version, ask and arguments")
    if question.version != VERSION:
        return _end("version", f"this daemon speaks version {VERSION}, it was asked in version {question.version}")
    return question


def _is_gone(asker: socket.socket) -> bool:
    """Return whether the other end is closed; one that only says no more still listens."""
    poll = select.poll()
    poll.register(asker, 0)
    return bool(poll.poll(0))


def _listen(path: Path) -> socket.socket:
    """Listen at a path, in place of what a daemon that was killed left there.

    Raises:
        OSError: The folder takes no socket, or something else is there.
    """
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with short_address(path) as address:
            _clear(address)
            # whoever finds the socket can ask: it gets its name only when somebody listens
            unnamed = f"{address}.new"
            _clear(unnamed)
            os.fchmod(listener.fileno(), _MODE)  # never open to more than these, not even between the next two lines
            listener.bind(unnamed)
            os.chmod(unnamed, _MODE)  # noqa: PTH101 - no path: what is written may be too long. The umask took some away
            listener.listen(_BACKLOG)
            os.rename(unnamed, address)  # noqa: PTH104
    except BaseException:
        listener.close()
        raise
    return listener


def _clear(address: str) -> None:
    """Remove a socket on which nobody listens any more."""
    try:
        found = os.lstat(address)
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(found.st_mode):
        raise FileExistsError(errno.EEXIST, "something else is there")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as caller:
        caller.setblocking(False)
        try:
            caller.connect(address)
        except ConnectionRefusedError:
            os.unlink(address)  # noqa: PTH108 - as above
        except BlockingIOError as error:
            raise OSError(errno.EADDRINUSE, "another daemon answers there") from error
        else:
            raise OSError(errno.EADDRINUSE, "another daemon answers there")
