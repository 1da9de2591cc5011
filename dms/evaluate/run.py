"""What ``dms evaluate`` calls: a model's name and labelled data in, its report out."""

from pathlib import Path
from typing import Any, Protocol

from dms.errors import UserError
from dms.evaluate import emotion, eyes, face, landmarks, lids, mouth, reflections, saliency
from dms.evaluate.plots import draw, prepare
from dms.models import ModelFile, load_verified


class Report(Protocol):
    """What every evaluation gives."""

    @property
    def left_out(self) -> int:
        """Number of pictures and rows that were not measured on."""
        ...

    @property
    def warnings(self) -> tuple[str, ...]:
        """What else to know: which were left out and why."""
        ...

    def to_json(self) -> dict[str, Any]:
        """Return everything as plain data."""
        ...

    def text(self) -> str:
        """Return everything for people."""
        ...


def run_evaluation(name: str, data: Path, model: Path | None) -> Report:
    """Measure a model of the road on a labelled set; for emotion see ``run_emotion``.

    Args:
        name: Which model; ``reflections`` for that of the eyes behind reflections.
        data: The labelled set, in the layout that this model's module describes.
        model: A ``.tflite`` file with its card beside it; None for the shipped one.

    Raises:
        UserError: The data or the model cannot be used.
    """
    _must_exist(data)
    file = _model("eyes" if name == "reflections" else name, model)
    match name:
        case "face":
            return face.evaluate(data, file, _model("landmarks", None))
        case "landmarks":
            return landmarks.evaluate(data, file)
        case "eyes":
            return eyes.evaluate(data, file)
        case "reflections":
            return reflections.evaluate(data, file)
        case "lids":
            return lids.evaluate(data, file)
        case "mouth":
            return mouth.evaluate(data, _model("face", None), _model("landmarks", None), file)
        case _:
            raise UserError(f"no model {name!r}: face, landmarks, eyes, lids or mouth")


def run_emotion(
    data: Path,
    classifier: emotion.Classifier | None = None,
    *,
    usage: str = "PublicTest",
    ferplus: Path | None = None,
    square: int | None = None,
    pictures: Path | None = None,
) -> Report:
    """Measure a model of facial expressions, or map what it looks at.

    Args:
        data: Labelled faces; with ``square`` a picture of a face or a folder of them.
        classifier: What answers; None for the shipped model.
        usage: Which rows of ``fer2013.csv``.
        ferplus: ``fer2013new.csv``.
        square: Side of the square that hides parts of each face, in pixels of 48; None measures.
        pictures: Folder for drawings.

    Raises:
        UserError: The data or the model cannot be used, or there is nowhere to draw a map.
    """
    _must_exist(data)
    if square is not None and pictures is None:
        raise UserError("--occlusion draws: say where with --pictures DIR")
    if pictures is not None:
        prepare(pictures)
    classifier = classifier or emotion.ModelFaces(load_verified("emotion", None))
    report: emotion.EmotionReport | saliency.OcclusionReport
    if square is None:
        report = emotion.evaluate(data, classifier, usage, ferplus)
    else:
        report = saliency.occlude(data, classifier, square)
    if pictures is not None:
        draw(report, pictures)
    return report


def model_faces(path: Path) -> emotion.Classifier:
    """Return the emotion model of a ``.tflite`` file with its card beside it.

    Raises:
        UserError: It cannot be used.
    """
    return emotion.ModelFaces(_model("emotion", path))


def _must_exist(data: Path) -> None:
    if not data.exists():
        raise UserError(f"{data}: no such file or folder")


def _model(name: str, path: Path | None) -> ModelFile:
    if path is None:
        return load_verified(name, None)
    if path.suffix != ".tflite":
        raise UserError(f"{path}: a model is a .tflite file with its card (.json) beside it")
    for file in (path, path.with_suffix(".json")):
        if not file.is_file():
            raise UserError(f"{file}: no such file; --model names a .tflite file with its card (.json) beside it")
    return load_verified(path.stem, path.parent)
