"""Replays drives side by side, in as many processes as there are cores.

Takes jobs, gives an outcome for each as it ends. Built on ``multiprocessing`` itself: an executor of
``concurrent.futures`` loses every drive when a decoder crashes in one, and leaves its processes behind when it is
killed. Here a process that dies costs its own drive alone, and processes end with the one that started them.
"""

import contextlib
import multiprocessing
import signal
import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

from dms.replay.replay import Job, Outcome, attempt

_TELL_S = 0.5
"""Between two words of a process on how far it is; also how soon it notices that nobody listens any more."""
_PRELOAD = ["dms.replay.replay", "dms.replay.video"]


@dataclass(frozen=True, slots=True)
class Reached:
    """How far a drive has come.

    Attributes:
        seconds: What of it is done.
        duration_s: Its length where it is known.
    """

    seconds: float
    duration_s: float | None


class _Worker:
    """A process and the pipe to it."""

    def __init__(self, context: multiprocessing.context.ForkServerContext) -> None:
        self.pipe, other = context.Pipe()
        self._process: BaseProcess = context.Process(target=_work, args=(other,), daemon=True)
        self._process.start()
        # so that the pipe ends with the process
        other.close()
        self.number = -1

    def give(self, number: int, job: Job) -> None:
        """Let it replay a drive."""
        self.number = number
        # one that has died already is noticed by the end of its pipe
        with contextlib.suppress(BrokenPipeError):
            self.pipe.send(job)

    def how_it_died(self) -> str:
        """Return why the process is gone, for people."""
        self._process.join()
        code = self._process.exitcode or 0
        if code == -signal.SIGKILL:
            return "its process was killed (is there enough memory?)"
        return f"its process crashed ({signal.Signals(-code).name})" if code < 0 else f"its process ended ({code})"

    def stop(self) -> None:
        """End the process, in the middle of a drive or not."""
        self.pipe.close()
        self._process.kill()
        self._process.join()


def replay_side_by_side(jobs: Sequence[Job], workers: int) -> Iterator[tuple[int, Reached | Outcome]]:
    """Replay drives in processes of their own; the largest first, so that all end at about the same time.

    Args:
        jobs: One for each drive.
        workers: Processes.

    Yields:
        The number of a job with how far it has come, and at its end with its outcome.
    """
    sizes = [job.drive.size() for job in jobs]
    waiting = deque(sorted(range(len(jobs)), key=sizes.__getitem__, reverse=True))
    # spawning imports everything once for each process, this once for all; forking this process would copy its threads
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_PRELOAD)
    busy: dict[Connection, _Worker] = {}

    def begin(worker: _Worker) -> None:
        if waiting:
            number = waiting.popleft()
            worker.give(number, jobs[number])
            busy[worker.pipe] = worker
        else:
            worker.stop()

    try:
        for _ in range(min(workers, len(jobs))):
            begin(_Worker(context))
        while busy:
            for pipe in wait(list(busy)):
                assert isinstance(pipe, Connection)
                worker = busy[pipe]
                try:
                    said = pipe.recv()
                except (EOFError, ConnectionResetError):
                    del busy[pipe]
                    yield worker.number, _lost(jobs[worker.number], worker)
                    worker.stop()
                    if waiting:
                        begin(_Worker(context))
                    continue
                yield worker.number, said
                if isinstance(said, Outcome):
                    del busy[pipe]
                    begin(worker)
    finally:
        for worker in busy.values():
            worker.stop()


def _lost(job: Job, worker: _Worker) -> Outcome:
    return Outcome(job.drive, None, f"{job.drive.path}: {worker.how_it_died()}")


def _work(pipe: Connection) -> None:
    """Replay what comes through the pipe until nobody is there any more."""
    # Ctrl-C reaches every process of the terminal; the one that started this one decides
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with contextlib.suppress(EOFError, BrokenPipeError, ConnectionResetError):
        while True:
            pipe.send(attempt(pipe.recv(), _Teller(pipe)))


class _Teller:
    """Says every half second how far a drive is."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        self._next = 0.0

    def __call__(self, *, completed: float, duration_s: float | None) -> None:
        """Say it, and end with this process where nobody is there to hear it."""
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + _TELL_S
        try:
            self._pipe.send(Reached(completed, duration_s))
        except OSError as error:
            raise SystemExit from error
