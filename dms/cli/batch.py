"""``dms replay`` of several drives."""

import sys
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from dms.cli.output import show
from dms.errors import WorldError

if TYPE_CHECKING:
    from dms.replay.replay import Job, Outcome


def replay_many(
    jobs: Sequence["Job"], workers: int, tables: Path | None, scheduler: str | None, *, as_json: bool
) -> None:
    """Replay several drives side by side, and tell of each as it ends.

    Raises:
        WorldError: Some of them failed.
    """
    from dms.replay.batch import replay_batch, write_tables  # noqa: PLC0415  # --help stays quick
    from dms.replay.dataset import check_tables  # noqa: PLC0415
    from dms.replay.fleet import Cluster  # noqa: PLC0415

    def told(outcome: "Outcome") -> None:
        line = outcome.line()
        print(f"dms: {line}" if outcome.problem else line, file=sys.stderr if outcome.problem or as_json else None)

    if tables is not None:
        check_tables(tables)
    with nullcontext() if scheduler is None else Cluster(scheduler) as cluster:
        try:
            batch = replay_batch(jobs, workers, told, cluster)
        except KeyboardInterrupt:
            print("dms: interrupted: the same command goes on with the drives that are not done", file=sys.stderr)
            raise
        if tables is not None:
            write_tables(tables.absolute(), jobs, batch, cluster)
    show(batch, as_json)
    if batch.problems:
        raise WorldError("\n".join([f"{len(batch.problems)} of {len(jobs)} drives failed:", *batch.problems]))
