"""What ``dms train`` calls: a model's name and its data in, the INT8 file and its card out."""

import importlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from dms.errors import UserError

RECIPES: Mapping[str, str] = MappingProxyType(
    {
        "eyes": "dms.training.recipes.eyes",
        "emotion": "dms.training.recipes.emotion",
        "face": "dms.training.recipes.face",
        "landmarks": "dms.training.recipes.landmarks",
        "mouth": "dms.training.recipes.mouth",
    }
)
"""Model name to the module whose ``train(data, out, options) -> Path`` makes it; imported only when asked for."""


def train(
    name: str,
    data: Sequence[Path],
    out: Path,
    *,
    epochs: int | None = None,
    seed: int = 1,
    resume: bool = True,
    threads: int = 1,
) -> Path:
    """Train one model from data in the public layouts.

    Args:
        name: A key of ``RECIPES``.
        data: Files and folders that the recipe takes; its module's docstring says which.
        out: Folder for the model, its card, the curves and the checkpoint.
        epochs: Passes over the data; None takes the recipe's own number.
        seed: Start of every random choice.
        resume: Go on from a checkpoint in ``out``.
        threads: CPU threads.

    Returns:
        The TFLite file.

    Raises:
        UserError: No such model, wrong data, or the extra ``train`` is not installed.
    """
    if name not in RECIPES:
        raise UserError(f"no recipe for {name!r}: choose from {', '.join(RECIPES)}")
    try:
        from dms.training.fit import Options  # noqa: PLC0415 - needs the extra

        recipe = importlib.import_module(RECIPES[name])
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("dms"):
            raise
        raise UserError(f"training needs {error.name}: pip install '.[train]' in a checkout of DMS") from error
    made: Path = recipe.train(data, out, Options(epochs=epochs, seed=seed, resume=resume, threads=threads))
    return made
