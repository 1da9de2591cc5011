"""What ``dms train`` calls: a model's name and its data in, the model's file and its card out."""

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from dms.datasets.sources import Layout, data_of, sort_sources
from dms.errors import UserError
from dms.training.papers.published import PAPERS
from dms.training.progress import tell

RECIPES: Mapping[str, str] = MappingProxyType(
    {
        "eyes": "dms.training.recipes.eyes",
        "lids": "dms.training.recipes.lids",
        "mouth": "dms.training.recipes.mouth",
        "face": "dms.training.recipes.face",
        "landmarks": "dms.training.recipes.landmarks",
        "emotion": "dms.training.recipes.emotion",
    }
)
"""Each model that ships to the module whose ``train(data, out, options) -> Path`` makes it, the quickest first but
``eyes`` before ``lids``, which starts from it; imported only when asked for."""


def train(
    name: str,
    data: Sequence[Path],
    out: Path,
    *,
    epochs: int | None = None,
    seed: int = 1,
    resume: bool = True,
    threads: int = 1,
    imagenet: Path | None = None,
    optimiser: str | None = None,
    shipped: Path | None = None,
    leave_out: Sequence[str] = (),
) -> list[Path]:
    """Train one model, or every one that ships, from data in the public layouts.

    Args:
        name: A key of ``RECIPES`` or ``PAPERS``, or ``all`` for every key of ``RECIPES``.
        data: Files and folders that the recipe takes, its module's docstring says which; for ``all`` those of all
            recipes, in any order but with the most accurate landmarks first. No public set shows lowered lids, so
            that ``all`` leaves out ``lids`` if there is no folder of theirs.
        out: Folder for the model, its card, the curves and the checkpoint; for ``all`` each model has one in it.
        epochs: Passes over the data; None takes the recipe's own number.
        seed: Start of every random choice.
        resume: Go on from a checkpoint in ``out``.
        threads: CPU threads.
        imagenet: ImageNet weights, for a system of the papers that starts from them.
        optimiser: ``adam``, ``sgd`` or ``rmsprop`` instead of the paper's, for a system of the papers.
        shipped: The INT8 file that training goes on from, for ``landmarks``, ``eyes`` and ``emotion``; for ``lids``
            that of the eye net to start from, which with ``all`` is the one just made.
        leave_out: People for each of whom one more net is made that never saw them, for ``lids``.

    Returns:
        The files of the models.

    Raises:
        UserError: No such model, wrong data, or the extra ``train`` is not installed.
    """
    if name not in (*RECIPES, *PAPERS, "all"):
        raise UserError(f"no recipe for {name!r}: choose from {', '.join((*RECIPES, *PAPERS, 'all'))}")
    if (imagenet, optimiser) != (None, None) and name not in PAPERS:
        raise UserError(f"--imagenet and --optimiser are for the systems of the papers, not for {name}")
    if shipped is not None and name not in ("landmarks", "eyes", "lids", "emotion"):
        raise UserError(f"--from is for landmarks, eyes, lids and emotion, not for {name}")
    if leave_out and name != "lids":
        raise UserError(f"--leave-out is for lids, not for {name}")
    if name == "svm" and (imagenet, optimiser, epochs) != (None, None, None):
        raise UserError("svm has neither epochs nor an optimiser nor ImageNet weights: leave out those options")
    wanted = {name: list(data)} if name != "all" else _data_of_all(data)
    try:
        if name == "svm":
            return [importlib.import_module("dms.training.papers.svm").train(data, out, seed, resume)]
        from dms.training.fit import Options, fix_seed  # noqa: PLC0415 - needs the extra

        options = Options(
            epochs=epochs, seed=seed, resume=resume, threads=threads, shipped=shipped, leave_out=tuple(leave_out)
        )
        if name in PAPERS:
            fix_seed(seed)
            papers = importlib.import_module("dms.training.papers.train")
            return [papers.train(name, data, out, options, imagenet, optimiser)]
        recipes = {each: importlib.import_module(RECIPES[each]) for each in wanted}
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("dms"):
            raise
        raise UserError(f"training needs {error.name}: pip install '.[train]' in a checkout of DMS") from error
    made: dict[str, Path] = {}
    for number, (each, recipe) in enumerate(recipes.items(), start=1):
        tell(f"{each}, model {number} of {len(recipes)}")
        fix_seed(seed)
        if name == "all":
            options = replace(options, shipped=made["eyes"] if each == "lids" else None)
        made[each] = recipe.train(wanted[each], out / each if name == "all" else out, options)
    return list(made.values())


def _data_of_all(data: Sequence[Path]) -> dict[str, list[Path]]:
    """What each model is trained from, without ``lids`` where there is no folder of theirs."""
    sources = sort_sources(data)
    models = [name for name in RECIPES if name != "lids" or sources[Layout.LIDS]]
    if len(models) < len(RECIPES):
        tell(f"lids: left out, for want of {Layout.LIDS.value}")
    return data_of(models, sources)
