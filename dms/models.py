"""The shipped models: where they are and what their cards say.

Takes a model's name, gives its file and card. They stand in the top-level ``models/`` of a checkout and travel
as ``dms/models/`` inside the wheel. Never loads a model: that is ``perception.engine``.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any

from dms.errors import UserError

MODEL_NAMES = ("face", "landmarks", "eyes", "lids", "mouth", "emotion")
"""The models that ship, in the order in which a frame passes them."""


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A ``.tflite`` file with its card (``NAME.json``).

    Attributes:
        name: For example ``eyes``.
        path: The ``.tflite`` file.
        card: The card's content: ``sha256``, ``input``, ``outputs``, ``trained_on``, ``figures`` and the ``limits``
            that belong to these weights.
    """

    name: str
    path: Path
    card: Mapping[str, Any]

    def verify(self) -> None:
        """Compare the file with the SHA-256 in its card.

        Raises:
            UserError: The file is not the one its card describes.
        """
        digest = hashlib.sha256(self.path.read_bytes()).hexdigest()
        if digest != self.card["sha256"]:
            raise UserError(f"model {self.path} is not the one its card describes: reinstall dms or train it again")

    def limit(self, name: str) -> float:
        """Return a limit that belongs to these weights; there is no default, because other weights answer otherwise.

        Args:
            name: Its key in the card's ``limits``.

        Raises:
            UserError: The card has no such limit, or none within its own bounds.
        """
        limits = self.card.get("limits")
        entry = limits.get(name) if isinstance(limits, Mapping) else None
        try:
            value, least, most = (float(entry[key]) for key in ("value", "least", "most"))  # type: ignore[index]
        except (TypeError, KeyError, ValueError):
            raise UserError(f"the card of model {self.path} has no limits.{name}: train the model again") from None
        if not least <= value <= most:
            raise UserError(f"limits.{name} in the card of model {self.path} is {value:g}, not {least:g} to {most:g}")
        return value

    def weights(self, name: str, count: int) -> tuple[float, ...]:
        """Return numbers that belong to these weights and stand in the card, for what no ``.tflite`` file holds.

        Args:
            name: Their key in the card's ``weights``.
            count: How many there must be.

        Raises:
            UserError: The card has none of that name, or another number of them.
        """
        weights = self.card.get("weights")
        found = weights.get(name) if isinstance(weights, Mapping) else None
        try:
            numbers = tuple(map(float, found))  # type: ignore[arg-type]
        except (TypeError, ValueError):
            numbers = ()
        if len(numbers) != count or not all(map(isfinite, numbers)):
            raise UserError(f"the card of model {self.path} has no weights.{name}: train the model again")
        return numbers


def models_dir() -> Path:
    """Return the folder that holds the shipped models."""
    package = Path(__file__).parent
    installed = package / "models"
    return installed if installed.is_dir() else package.parent / "models"


def find_model(name: str, folder: Path | None = None) -> ModelFile:
    """Find a model by name.

    Args:
        name: For example ``eyes``.
        folder: Where to look; the shipped models by default.

    Raises:
        UserError: There is no such model, or its card is missing or broken.
    """
    folder = folder or models_dir()
    path, card = folder / f"{name}.tflite", folder / f"{name}.json"
    for file in (path, card):
        if not file.is_file():
            raise UserError(f"model file {file} is missing: reinstall dms or correct perception.models_dir")
    try:
        content = json.loads(card.read_text())
    except ValueError as error:
        raise UserError(f"model card {card} is not JSON ({error}): reinstall dms or train the model again") from error
    if not isinstance(content, dict) or "sha256" not in content:
        raise UserError(f"model card {card} has no sha256: reinstall dms or train the model again")
    return ModelFile(name, path, content)


def load_verified(name: str, folder: Path | None) -> ModelFile:
    """Find a model and compare it with its card.

    Raises:
        UserError: It is missing, or not the one its card describes.
    """
    model = find_model(name, folder)
    model.verify()
    return model
