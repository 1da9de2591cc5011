"""Sends the work of a batch to an existing Dask cluster: the extra ``fleet``.

Takes jobs and parts of data sets, gives what came of them, in the order in which they end. The workers read the
recordings and write the results themselves: both have to lie where all of them can reach them.
"""

import socket
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from types import TracebackType
from typing import Any, Self, TypeVar

from dms.errors import UserError, WorldError
from dms.replay.origin import program
from dms.replay.replay import Job, Outcome, attempt

_IN_FLIGHT = 2000
"""Tasks that the scheduler knows of at a time: it holds about a kilobyte of each, and there may be a million."""
_TIMEOUT_S = 10.0

_Task = TypeVar("_Task")
_Result = TypeVar("_Result")


class Cluster:
    """A connection to a Dask scheduler.

    Args:
        scheduler: Its address, as ``tcp://host:8786``.

    Raises:
        UserError: The extra ``fleet`` is not installed, or the address is none.
        WorldError: No scheduler answers.
    """

    def __init__(self, scheduler: str) -> None:
        try:
            from distributed import Client  # noqa: PLC0415  # the extra
        except ImportError as error:
            raise UserError("--scheduler needs Dask: pip install 'dms[fleet]'") from error
        try:
            self._client: Any = Client(scheduler, timeout=_TIMEOUT_S)
        except ValueError as error:
            raise UserError(f"--scheduler {scheduler}: not the address of a Dask scheduler ({error})") from error
        except OSError as error:
            raise WorldError(f"--scheduler {scheduler}: no Dask scheduler answers there") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def replay(self, jobs: Iterable[Job]) -> Iterator[tuple[int, Outcome]]:
        """Replay drives; yields the number of each with what came of it.

        A drive whose worker is lost is done again by another one; one that loses a worker four times has failed.
        """
        for number, job, said in self.run(_on_worker, jobs):
            yield number, said if isinstance(said, Outcome) else Outcome(job.drive, None, f"{job.drive.path}: {said}")

    def run(
        self, work: Callable[[_Task], _Result], tasks: Iterable[_Task]
    ) -> Iterator[tuple[int, _Task, _Result | Exception]]:
        """Do the work on each task; yields its number, the task, and the result or what went wrong."""
        from distributed import as_completed  # noqa: PLC0415  # the extra

        waiting = enumerate(tasks)
        known: dict[Any, tuple[int, _Task]] = {}

        def submit(count: int) -> list[Any]:
            futures = []
            for number, task in islice(waiting, count):
                # the same work may be asked for twice in a day: its result is not to be remembered
                future = self._client.submit(work, task, pure=False)
                known[future] = (number, task)
                futures.append(future)
            return futures

        running = as_completed(submit(_IN_FLIGHT))
        try:
            for future in running:
                number, task = known.pop(future)
                running.update(submit(1))
                error = future.exception()
                yield number, task, future.result() if error is None else error
        finally:
            self._client.cancel(list(known))


def _on_worker(job: Job) -> Outcome:
    if program() != job.program:
        problem = f"the worker on {socket.gethostname()} has another dms ({program()['version']}): install the same one"
        return Outcome(job.drive, None, f"{job.drive.path}: {problem}")
    return attempt(job)
