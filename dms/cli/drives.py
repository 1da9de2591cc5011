"""Commands on recorded drives: replay."""

from pathlib import Path
from typing import Annotated

import typer

from dms.cli.batch import replay_many
from dms.cli.options import AsJson, ConfigFile
from dms.cli.output import show, warn
from dms.cli.settings import configuration
from dms.errors import UserError


def replay(
    drives: Annotated[
        list[Path],
        typer.Argument(
            metavar="DRIVE",
            help="Videos, trace.jsonl files, folders of images or of a trace's parts; or folders of any of these.",
        ),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="Where results go; made when absent.")],
    config: ConfigFile = None,
    overlay: Annotated[
        Path | None, typer.Option(metavar="OUT.mp4", help="Also draw what was seen into a video (one drive only).")
    ] = None,
    labels: Annotated[
        Path | None, typer.Option(metavar="FILE", help="What happened, to be drawn into the overlay too.")
    ] = None,
    fps: Annotated[
        float | None,
        typer.Option(min=0.1, max=1000, metavar="N", help="Pictures a second, instead of the times in the files."),
    ] = None,
    track: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Picture track of a video with several; the largest without."),
    ] = None,
    join: Annotated[
        bool, typer.Option("--join", help="A folder of videos is one drive in parts, in the order of their times.")
    ] = False,
    again: Annotated[bool, typer.Option("--again", help="Do drives anew whose results are there already.")] = False,
    workers: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Drives at the same time; one a core without.")
    ] = None,
    tables: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Also write all alerts and features of each minute as Parquet data sets."),
    ] = None,
    scheduler: Annotated[
        str | None,
        typer.Option(metavar="tcp://HOST:PORT", help="Dask cluster that does it; it must see the same paths."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Judge recorded drives: events.jsonl, trace.jsonl and summary.json for each."""
    from dms.replay.batch import replay_alone  # noqa: PLC0415  # --help stays quick
    from dms.replay.drives import find_drives  # noqa: PLC0415
    from dms.replay.replay import jobs_for  # noqa: PLC0415
    from dms.threads import cores  # noqa: PLC0415

    if scheduler is not None and workers is not None:
        raise UserError("--workers is for processes here: how many work at once is the cluster's own, with --scheduler")
    if scheduler is not None:
        # its workers start in folders of their own
        drives, out = [drive.absolute() for drive in drives], out.absolute()
    found = find_drives(drives, out, join=join)
    warn(found.notes)
    workers = workers or cores()
    jobs = jobs_for(
        found.drives,
        configuration(config),
        out,
        overlay,
        fps=fps,
        track=track,
        threads=1 if len(found.drives) >= workers else 0,
        again=again,
        labels=labels,
        whole=scheduler is not None,
    )
    if not found.alone or scheduler or tables:
        replay_many(jobs, workers, tables, scheduler, as_json=as_json)
        return
    alone = replay_alone(jobs[0])
    show(alone, as_json)
