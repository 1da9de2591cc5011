"""Replays many drives as one thing: side by side, with one bar, going on after a bad file and after an interruption.

Takes jobs, reports each drive as it ends, gives an outcome for each.
"""

import time
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

from dms.errors import UserError, WorldError
from dms.records.trace import is_trace
from dms.replay.bar import Bar
from dms.replay.dataset import Results, parts, write_part
from dms.replay.fleet import Cluster
from dms.replay.pool import Reached, replay_side_by_side
from dms.replay.replay import Job, Outcome, attempt, run
from dms.replay.summary import Summary
from dms.wording import counted

_TRACE_BYTES = 20e6
"""Traces of fewer bytes are judged before another process has begun."""


@dataclass(frozen=True, slots=True)
class Batch:
    """What came of many drives.

    Attributes:
        outcomes: In the order of the jobs.
        took_s: Time that it took.
    """

    outcomes: tuple[Outcome, ...]
    took_s: float
    warnings: ClassVar[tuple[str, ...]] = ()

    @property
    def summaries(self) -> list[Summary]:
        """Of the drives that could be replayed."""
        return [outcome.summary for outcome in self.outcomes if outcome.summary is not None]

    @property
    def problems(self) -> list[str]:
        """Of the drives that could not, a line each."""
        return [outcome.problem for outcome in self.outcomes if outcome.problem is not None]

    def to_json(self) -> list[dict[str, Any]]:
        """Return the summaries as plain data."""
        return [summary.to_json() for summary in self.summaries]

    def text(self) -> str:
        """For people: all drives together."""
        summaries = self.summaries
        hours = sum(summary.duration_s for summary in summaries) / 3600
        alerts: Counter[str] = Counter()
        for summary in summaries:
            alerts.update(summary.alerts)
        skipped = sum(outcome.skipped for outcome in self.outcomes)
        told = ", ".join(f"{count} x {name}" for name, count in alerts.items()) or "no alerts"
        return f"{counted(len(summaries), 'drive')}, {hours:.2f} h: {told}" + (
            f"; {skipped} were done before (--again does them anew)" if skipped else ""
        )


@dataclass(frozen=True, slots=True)
class Alone:
    """What came of a single drive.

    Attributes:
        summary: What it came to.
    """

    summary: Summary
    warnings: ClassVar[tuple[str, ...]] = ()

    def to_json(self) -> list[dict[str, Any]]:
        """Return a list of one, as for many drives."""
        return [self.summary.to_json()]

    def text(self) -> str:
        """For people: everything about the drive."""
        return self.summary.text()


def replay_alone(job: Job) -> Alone:
    """Replay a single drive anew, with a bar on a terminal.

    Raises:
        UserError: It cannot be read, or its results cannot be written.
    """
    with Bar([job.drive.size()]) as bar:
        summary = run(replace(job, again=True), partial(_tell, bar.reached, 0)).summary
    assert summary is not None
    return Alone(summary)


def replay_batch(
    jobs: Sequence[Job], workers: int, told: Callable[[Outcome], object], cluster: Cluster | None = None
) -> Batch:
    """Replay drives side by side, with a bar on a terminal.

    Args:
        jobs: One for each drive.
        workers: Processes at most; where one is enough, this process does it.
        told: Hears of each drive as it ends.
        cluster: Does it instead of processes here.
    """
    began = time.perf_counter()
    outcomes: dict[int, Outcome] = {}
    with Bar([job.drive.size() for job in jobs]) as bar, closing(_walk(jobs, workers, cluster, bar)) as walk:
        for number, said in walk:
            if isinstance(said, Reached):
                bar.reached(number, said.seconds, said.duration_s)
                continue
            outcomes[number] = said
            bar.ended(number, said.summary.duration_s if said.summary and not said.skipped else None)
            told(said)
    return Batch(tuple(outcomes[number] for number in range(len(jobs))), time.perf_counter() - began)


def write_tables(root: Path, jobs: Sequence[Job], batch: Batch, cluster: Cluster | None = None) -> None:
    """Write the data sets of a batch.

    Args:
        root: Where; made when absent.
        jobs: Those of the batch.
        batch: What came of them.
        cluster: Does it instead of this process.

    Raises:
        UserError: The extra ``tables`` was not installed where a drive was replayed.
        WorldError: The cluster could not do it.
    """
    done = zip(jobs, batch.outcomes, strict=True)
    results = [
        Results(outcome.summary.drive, job.folder, job.drive.place.as_posix())
        for job, outcome in done
        if outcome.summary is not None
    ]
    about = {"made_by": dict(jobs[0].program)} if jobs else {}
    made = parts(root, results, about)
    if cluster is None:
        for part in made:
            write_part(part)
        return
    for _, part, result in cluster.run(write_part, made):
        if isinstance(result, UserError):
            raise result
        if isinstance(result, Exception):
            raise WorldError(f"{root}: part {part.number} could not be written ({result})")


def _walk(
    jobs: Sequence[Job], workers: int, cluster: Cluster | None, bar: Bar
) -> Generator[tuple[int, Reached | Outcome], None, None]:
    if cluster is not None:
        yield from cluster.replay(jobs)
    elif (wanted := _worthwhile(jobs, workers)) > 1:
        yield from replay_side_by_side(jobs, wanted)
    else:
        yield from _one_by_one(jobs, bar.reached)


def _worthwhile(jobs: Sequence[Job], workers: int) -> int:
    """Return how many processes do it sooner than one."""
    if all(is_trace(job.drive.path) for job in jobs):
        workers = min(workers, 1 + int(sum(job.drive.size() for job in jobs) / _TRACE_BYTES))
    return min(workers, len(jobs))


def _one_by_one(
    jobs: Sequence[Job], reached: Callable[[int, float, float | None], object]
) -> Iterator[tuple[int, Reached | Outcome]]:
    for number, job in enumerate(jobs):
        yield number, attempt(job, partial(_tell, reached, number))


def _tell(
    reached: Callable[[int, float, float | None], object], number: int, *, completed: float, duration_s: float | None
) -> None:
    reached(number, completed, duration_s)
