"""Trains one of the papers' nets.

Data: ``fer2013.csv``. Only rows with Usage ``Training`` are read; one in ten of them is held out and decides which
weights are kept, when the learning rate is cut and when to stop. Makes ``NAME.keras`` and ``NAME.tflite`` (full INT8)
with its card, both with probabilities as output, ``curves.csv``, a checkpoint and ``results.json``.
"""

import csv
import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch.nn.functional as F  # noqa: N812

from dms.datasets.fer import FER2013, Expressions, read_fer2013
from dms.datasets.sources import only_fer2013
from dms.datasets.split import split
from dms.errors import UserError
from dms.training import augment
from dms.training.architectures import count_macs
from dms.training.card import Card, write_card
from dms.training.export import calibration, quantise, with_probabilities
from dms.training.fit import Batch, Options, fit, predict
from dms.training.layers import device_of
from dms.training.optim import OptimiserName
from dms.training.papers.published import PAPERS
from dms.training.papers.systems import SYSTEMS, System
from dms.training.progress import tell


def train(
    name: str,
    data: Sequence[Path],
    out: Path,
    options: Options,
    imagenet: Path | None = None,
    optimiser: OptimiserName | None = None,
) -> Path:
    """Make ``out/NAME.keras``, ``out/NAME.tflite`` with its card, and ``out/results.json``.

    Args:
        name: A key of ``SYSTEMS``.
        data: ``fer2013.csv``.
        out: Folder for everything that is made.
        options: Epochs, seed, resume and threads.
        imagenet: ImageNet weights for the systems that start from them.
        optimiser: Instead of the paper's.

    Raises:
        UserError: The data is not that file, the weights are not those of this system, or ``out`` holds a run that was
            begun with something else.
    """
    file = only_fer2013(name, data)
    system = chosen(name, imagenet, optimiser)
    weights = None if imagenet is None else imagenet.name
    must_go_on_as_begun(out, {"seed": options.seed, "optimiser": system.method.name, "imagenet": weights}, options)
    learn, part = split(read_fer2013(file, "Training"), one_in=10)
    model = system.build(imagenet)
    best = fit(
        model,
        lambda rng: batches(learn, system, rng),
        loss=lambda outputs, targets: F.cross_entropy(outputs[0], targets[0]),
        epochs=options.epochs or system.epochs,
        steps_per_epoch=len(learn.labels) // system.batch,
        out=out,
        validate=lambda m: {"accuracy": 100 * float((predict(m, part.images)[0].argmax(1) == part.labels).mean())},
        monitor="accuracy",
        method=system.method,
        options=options,
    )
    (out / "results.json").write_text(json.dumps(results(name, model, out, best, imagenet, options), indent=2) + "\n")
    shipped = with_probabilities(model)
    shipped.save(out / f"{name}.keras")
    made = quantise(shipped, calibration(learn.images), out / f"{name}.tflite")
    write_card(card(name), model, made)
    return made


def chosen(name: str, imagenet: Path | None, optimiser: OptimiserName | None) -> System:
    """Return the system with what the caller changes of it; says so when it starts fresh where its paper does not."""
    system, wanted = SYSTEMS[name], PAPERS[name].imagenet
    if imagenet is not None and wanted is None:
        raise UserError(f"{name} starts from no ImageNet weights: leave out --imagenet")
    if imagenet is None and wanted is not None:
        tell(
            f"{name}: its paper starts from ImageNet weights of {wanted}; without --imagenet FILE it starts fresh, "
            "with nothing frozen"
        )
    return system if optimiser is None else replace(system, method=replace(system.method, name=optimiser))


def must_go_on_as_begun(out: Path, now: dict[str, Any], options: Options) -> None:
    """Keep what a run was begun with in ``out/begun.json``, and refuse to go on with something else."""
    kept = out / "begun.json"
    if options.resume and kept.is_file():
        begun = json.loads(kept.read_text())
        changed = [f"{key} {begun[key]}" for key, value in now.items() if begun[key] != value]
        if changed:
            raise UserError(
                f"{out} was begun with {', '.join(changed)}: go on with that, add --fresh, or take another --out"
            )
    out.mkdir(parents=True, exist_ok=True)
    kept.write_text(json.dumps(now) + "\n")


def batches(faces: Expressions, system: System, rng: np.random.Generator) -> Iterator[Batch]:
    """Yield one epoch in random order; what is left over after whole batches is left out."""
    order = rng.permutation(len(faces.labels))
    for start in range(0, len(order) - system.batch + 1, system.batch):
        rows = order[start : start + system.batch]
        yield augment.augment_all(faces.images[rows], system.augmentation, rng), [faces.labels[rows]]


def results(
    name: str, model: Any, out: Path, best: dict[str, float], imagenet: Path | None, options: Options
) -> dict[str, Any]:
    """Return what ``results.json`` holds."""
    with (out / "curves.csv").open() as file:
        curves = list(csv.DictReader(file))
    return {
        "system": name,
        "epochs": len(curves),
        "epochs_paper": PAPERS[name].epochs,
        "best_epoch": int(best["epoch"]),
        "held_out_accuracy": best["accuracy"] / 100,
        "imagenet": None if imagenet is None else imagenet.name,
        "seed": options.seed,
        "parameters": count_parameters(model),
        "mmac": count_macs(model) / 1e6,
        "seconds": sum(float(row["seconds"]) for row in curves),
        "device": str(device_of(model)),
    }


def count_parameters(model: Any) -> int:
    """Parameters as the papers count them, with the moving statistics of batch normalisation."""
    return sum(math.prod(v.shape) for v in model.variables if "seed" not in v.path)


def card(name: str) -> Card:
    """Return what the card says apart from figures."""
    paper = PAPERS[name]
    return Card(
        name=name,
        purpose=f"{paper.system}: trained for comparison with the model that ships, and for nothing else.",
        outputs=[{"name": "fer2013", "shape": [len(FER2013)], "labels": list(FER2013)}],
        trained_on=["FER2013, Usage Training (Goodfellow et al. 2013)"],
        split="One in ten Training pictures is held out; it chose the epoch. PublicTest was not read.",
        terms="FER2013 is for research use; the weights carry no picture.",
        recipe=f"dms train {name} fer2013.csv --out runs/{name}",
    )
