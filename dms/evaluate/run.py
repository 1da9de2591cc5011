"""What ``dms evaluate`` calls: a model's name and labelled data in, its report out."""

from pathlib import Path
from typing import Any, Protocol

from dms.errors import UserError
from dms.evaluate import emotion, eyes, face, landmarks, mouth
from dms.models import ModelFile, load_verified


class Report(Protocol):
    """What every evaluation gives."""

    def to_json(self) -> dict[str, Any]:
        """Everything as plain data."""
        ...

    def text(self) -> str:
        """Everything for people."""
        ...


def run_evaluation(name: str, data: Path, model: Path | None, usage: str, ferplus: Path | None) -> Report:
    """Measure a model on a labelled set.

    Args:
        name: Which model.
        data: The labelled set, in the layout that this model's module describes.
        model: A ``.tflite`` file with its card beside it; None for the shipped one.
        usage: Which rows of ``fer2013.csv``; for the emotion model.
        ferplus: ``fer2013new.csv``; for the emotion model.

    Raises:
        UserError: The data or the model cannot be used.
    """
    if not data.exists():
        raise UserError(f"{data}: no such file or folder")
    file = _model(name, model)
    match name:
        case "face":
            return face.evaluate(data, file, _model("landmarks", None))
        case "landmarks":
            return landmarks.evaluate(data, file)
        case "eyes":
            return eyes.evaluate(data, file)
        case "mouth":
            return mouth.evaluate(data, _model("face", None), _model("landmarks", None), file)
        case "emotion":
            return emotion.evaluate(data, file, usage, ferplus)
        case _:
            raise UserError(f"no model {name!r}: face, landmarks, eyes, mouth or emotion")


def _model(name: str, path: Path | None) -> ModelFile:
    if path is None:
        return load_verified(name, None)
    if path.suffix != ".tflite":
        raise UserError(f"{path}: a model is a .tflite file with its card (.json) beside it")
    return load_verified(path.stem, path.parent)
