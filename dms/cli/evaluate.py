"""``dms evaluate``: a command for each model, with the options that it uses."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dms.cli.help import CommandGroup
from dms.cli.options import AsJson
from dms.cli.output import for_people, show

if TYPE_CHECKING:
    from dms.evaluate.run import Report

group = typer.Typer(
    cls=CommandGroup, no_args_is_help=True, help="Measure a model on a labelled set: every metric, latency."
)

ModelFile = Annotated[
    Path | None,
    typer.Option("--model", metavar="FILE", help="A .tflite with its card beside it; the shipped one without."),
]


@group.command(epilog="Example: dms evaluate face cabin/")
def face(
    data: Annotated[
        Path,
        typer.Argument(metavar="DATA", help="Folder with pictures and labels.csv (file,x,y,w,h), or 68-point CSV"),
    ],
    file: ModelFile = None,
    as_json: AsJson = False,
) -> None:
    """Measure the face detector: faces found and missed, false ones."""
    _measure("face", data, file, as_json)


@group.command(epilog="Example: dms evaluate landmarks landmarks68_helen.csv")
def landmarks(
    data: Annotated[Path, typer.Argument(metavar="DATA", help="CSV of file,x0,y0,...,x67,y67 beside its pictures.")],
    file: ModelFile = None,
    as_json: AsJson = False,
) -> None:
    """Measure the 68 landmarks: error in shares of the eye distance."""
    _measure("landmarks", data, file, as_json)


@group.command(epilog="Example: dms evaluate eyes cew/")
def eyes(
    data: Annotated[Path, typer.Argument(metavar="DATA", help="Folder with closed/ and open/, which hold pictures.")],
    file: ModelFile = None,
    reflections: Annotated[bool, typer.Option("--reflections", help="Draw bright reflections over the eyes.")] = False,
    as_json: AsJson = False,
) -> None:
    """Measure the eye model: open or closed."""
    _measure("reflections" if reflections else "eyes", data, file, as_json)


@group.command(epilog="Example: dms evaluate lids lids/")
def lids(
    data: Annotated[Path, typer.Argument(metavar="DATA", help="Folder with closed/ and down/, which hold pictures.")],
    file: ModelFile = None,
    as_json: AsJson = False,
) -> None:
    """Measure the model of lids that are down: shut or lowered to look down."""
    _measure("lids", data, file, as_json)


@group.command(epilog="Example: dms evaluate mouth yawns/")
def mouth(
    data: Annotated[Path, typer.Argument(metavar="DATA", help="Folder with pictures and labels.csv (file,yawn).")],
    file: ModelFile = None,
    as_json: AsJson = False,
) -> None:
    """Measure the mouth model: yawn or not."""
    _measure("mouth", data, file, as_json)


def _measure(model: str, data: Path, file: Path | None, as_json: bool) -> None:
    from dms.evaluate.run import run_evaluation  # noqa: PLC0415  # --help stays quick

    show_evaluation(run_evaluation(model, data, file), as_json)


def show_evaluation(report: "Report", as_json: bool) -> None:
    """Print a report, and how much of the data it left out."""
    show(report, as_json)
    if report.left_out:
        for_people(as_json)(f"not measured on: {report.left_out} pictures or rows")
