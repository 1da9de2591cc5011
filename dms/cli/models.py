"""Commands that make models, and print the contracts: train, schema."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from dms.cli.output import print_json


def train(
    model: Annotated[
        str,
        typer.Argument(metavar="ARCH", help="A shipped model, 'all' of them, or a system of the papers."),
    ],
    data: Annotated[
        list[Path], typer.Argument(metavar="DATA", help="Files and folders that the model takes, see above.")
    ],
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="DIR", help="Where the model, card, curves and checkpoint go.")
    ],
    epochs: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Passes over the data; those of recipe or paper without.")
    ] = None,
    seed: Annotated[int, typer.Option(metavar="N", help="Start of every random choice.")] = 1,
    fresh: Annotated[bool, typer.Option("--fresh", help="Do not go on from a checkpoint in DIR.")] = False,
    threads: Annotated[int, typer.Option(min=1, metavar="N", help="CPU threads.")] = 1,
    imagenet: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="ImageNet weights without top, for a paper's system that starts from them."),
    ] = None,
    optimiser: Annotated[
        Literal["adam", "sgd", "rmsprop"] | None, typer.Option(help="Instead of the one that a paper names.")
    ] = None,
    shipped: Annotated[
        Path | None,
        typer.Option("--from", metavar="FILE", help="A .tflite to go on from: landmarks, eyes, emotion; lids: eyes."),
    ] = None,
    leave_out: Annotated[
        list[str] | None,
        typer.Option(metavar="CLIP", help="Also judge it by a net that never saw it, repeatable: lids."),
    ] = None,
) -> None:
    """Train a model from public data to its INT8 file and card. Needs the extra 'train'.

    \b
    What DATA is:
    points     landmarks68_*.csv (file,x0,y0,...,x67,y67) beside its pictures
    labels     folder with pictures and labels.csv (file,scene_group,x,y,w,h,yawn)
    and of these for
    face       points, and labels with points beside them
    landmarks  points, the most accurate first, then labels
    eyes       folders with closed/ and open/, better with points
    lids       folder with closed/ and down/, and --from eyes.tflite
    mouth      labels with points beside them, and points
    emotion    fer2013.csv fer2013new.csv, labels with points beside them, and
               a folder of expressions with anger/, happiness/ and so on
    all        all of these, those of lids if at hand; one folder each in DIR
    others     fer2013.csv, for cnn10 cnn6 vgg16 cnn4 cnn4_mobilenet shinde
               shinde_resnet thesis svm resnet50_34: the systems of the papers
    """  # noqa: D301  # click's mark for lines that stay lines
    from dms.training.train import train as train_model  # noqa: PLC0415  # --help stays quick

    made = train_model(
        model,
        data,
        out,
        epochs=epochs,
        seed=seed,
        resume=not fresh,
        threads=threads,
        imagenet=imagenet,
        optimiser=optimiser,
        shipped=shipped,
        leave_out=leave_out or (),
    )
    for file in made:
        print(file)


def schema(
    contract: Annotated[Literal["config", "messages", "asyncapi"], typer.Argument(help="Which contract to print.")],
) -> None:
    """Print a machine-readable contract as JSON."""
    from dms.alerts import schema as wire  # noqa: PLC0415
    from dms.config import Config  # noqa: PLC0415

    makers = {"config": Config.model_json_schema, "messages": wire.messages_schema, "asyncapi": wire.asyncapi}
    print_json(makers[contract]())
