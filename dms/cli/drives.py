"""Commands on recorded drives: replay."""

from pathlib import Path
from typing import Annotated

import typer

from dms.cli.options import AsJson, ConfigFile, configuration
from dms.cli.output import print_json, show


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
