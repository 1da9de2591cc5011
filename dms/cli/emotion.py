"""``dms evaluate emotion``: the one model with options of its own."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from dms.cli.evaluate import show_evaluation
from dms.cli.options import AsJson
from dms.errors import UserError


def emotion(
    data: Annotated[
        Path,
        typer.Argument(
            metavar="DATA",
            help="fer2013.csv (emotion,pixels,Usage) or a folder of angry/, happy/ ...; "
            "with --occlusion a picture of a face, or a folder of them.",
        ),
    ],
    file: Annotated[
        Path | None,
        typer.Option(
            "--model",
            metavar="FILE",
            help="A .tflite with its card beside it, .keras or .joblib; the shipped one without.",
        ),
    ] = None,
    usage: Annotated[
        Literal["PublicTest", "PrivateTest", "Training"] | None,
        typer.Option(case_sensitive=False, help="Which rows of fer2013.csv; PublicTest without."),
    ] = None,
    ferplus: Annotated[Path | None, typer.Option(metavar="CSV", help="fer2013new.csv, for the FER+ labels.")] = None,
    pictures: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Draw the confusion matrix and the curves here.")
    ] = None,
    occlusion: Annotated[
        bool, typer.Option("--occlusion", help="Draw what the answer rests on, a picture for each face, in DIR.")
    ] = False,
    square: Annotated[
        int | None,
        typer.Option(min=1, max=47, metavar="N", help="Side of the square that hides a part, in 48ths; 10 without."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Measure the emotion model, or map what it looks at."""
    from dms.evaluate.run import model_faces, run_emotion  # noqa: PLC0415  # --help stays quick

    if square is not None and not occlusion:
        raise UserError("--square is for --occlusion: without it nothing is hidden")
    if (usage is not None or ferplus is not None) and (occlusion or data.is_dir()):
        raise UserError("--usage and --ferplus are for fer2013.csv, neither for a folder nor for --occlusion")
    classifier = None
    if file is not None and file.suffix in {".keras", ".joblib"}:
        from dms.training.trained import open_trained  # noqa: PLC0415 - needs the extra

        classifier = open_trained(file)
    elif file is not None:
        classifier = model_faces(file)
    size = (square or 10) if occlusion else None
    show_evaluation(
        run_emotion(data, classifier, usage=usage or "PublicTest", ferplus=ferplus, square=size, pictures=pictures),
        as_json,
    )
