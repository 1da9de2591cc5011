"""Commands on recorded drives: replay, score."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from dms.cli.options import AsJson, ConfigFile, configuration
from dms.cli.output import print_json, show
from dms.errors import UserError


def replay(
    drives: Annotated[
        list[Path],
        typer.Argument(
            metavar="DRIVE...", help="Video files, folders of images, trace.jsonl files, or folders of a trace's parts."
        ),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="Where results go; made when absent.")],
    config: ConfigFile = None,
    overlay: Annotated[
        Path | None, typer.Option(metavar="OUT.mp4", help="Also draw what was seen into a video (one drive only).")
    ] = None,
    fps: Annotated[
        float | None,
        typer.Option(min=0.1, max=1000, metavar="N", help="Pictures a second, instead of the times in the files."),
    ] = None,
    track: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Picture track of a video with several; the largest without."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Judge recorded drives: events.jsonl, trace.jsonl and summary.json for each."""
    from dms.replay.replay import replay_drives  # noqa: PLC0415  # --help stays quick

    summaries = replay_drives(drives, configuration(config), out, overlay, fps=fps, track=track)
    if as_json:
        print_json([summary.to_json() for summary in summaries])
    else:
        for summary in summaries:
            show(summary, as_json)


def score(
    events: Annotated[
        list[Path],
        typer.Argument(
            metavar="EVENTS...", help="Files events.jsonl that `dms replay` wrote, or the folder it left drives in."
        ),
    ],
    labels: Annotated[
        list[Path],
        typer.Option(
            metavar="CSV",
            help="What happened: start_s,end_s,event. Once for each EVENTS, in their order; for a folder of drives "
            "the folder of their NAME.events.csv.",
        ),
    ],
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Compare alerts with labels: hits, misses, false alarms per hour, delay; of several drives also all together."""
    from dms.replay.score import score_drives, together  # noqa: PLC0415

    if len(events) == len(labels) == 1 and events[0].is_dir() and labels[0].is_dir():
        from dms.replay.benchmark import score_folder  # noqa: PLC0415

        benchmark = score_folder(events[0], labels[0], configuration(config).driver)
        show(benchmark, as_json, benchmark.warnings)
        return
    if config is not None:
        raise UserError("--config reads the eyes of each frame, for a folder of drives: leave it out here")
    scores = score_drives(events, labels)
    whole = together(scores)
    if len(scores) == 1:
        show(whole, as_json, whole.warnings)
        return
    for warning in whole.warnings:
        print(f"dms: {warning}", file=sys.stderr)
    drives = list(zip(map(str, events), scores, strict=True))
    if as_json:
        print_json({"drives": [{"events": name, **one.to_json()} for name, one in drives], "together": whole.to_json()})
    else:
        for name, one in [*drives, ("together", whole)]:
            print(f"{name}: {one.line()}")
