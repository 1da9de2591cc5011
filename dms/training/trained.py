"""Opens what ``dms train`` leaves beside the INT8 files, for ``dms evaluate emotion --model``.

Takes a ``.keras`` or ``.joblib`` file, gives something that answers for faces. Needs the extra ``train``. Loads either
PyTorch or TFLite, because the two do not load together.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from dms.datasets.expressions import LABELS
from dms.errors import UserError
from dms.evaluate.emotion import Classifier
from dms.perception.emotion import SIZE, Picture
from dms.perception.engine import FloatArray


def open_trained(path: Path) -> Classifier:
    """Open a trained classifier of faces.

    Args:
        path: ``.keras`` with probabilities as output, or ``svm.joblib``.

    Raises:
        UserError: It is neither, or the extra ``train`` is not installed.
    """
    if not path.is_file():
        raise UserError(f"{path}: no such file")
    try:
        if path.suffix == ".joblib":
            from dms.training.papers.svm import SvmFile  # noqa: PLC0415 - needs the extra

            return SvmFile(path)
        return KerasFile(path)
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("dms"):
            raise
        raise UserError(
            f"a {path.suffix} file needs {error.name}: pip install '.[train]' in a checkout of DMS"
        ) from error


class KerasFile:
    """A Keras model of grey 48x48 faces, in float32.

    Args:
        path: The file.

    Raises:
        UserError: It is no such model, or its outputs are not probabilities of a label set.
    """

    def __init__(self, path: Path) -> None:
        import keras  # noqa: PLC0415 - needs the extra

        import dms.training.layers  # noqa: F401, PLC0415 - registers the layers that the file names

        try:
            self._model: Any = keras.saving.load_model(path, compile=False)
        except (ValueError, OSError, TypeError, KeyError) as error:
            raise UserError(f"{path} is not a Keras model that this Keras can open ({type(error).__name__})") from error
        by_size = {len(labels): name for name, labels in LABELS.items()}
        sizes = [output.shape[-1] for output in self._model.outputs]
        if tuple(self._model.inputs[0].shape[1:]) != (SIZE, SIZE, 1) or not set(sizes) <= set(by_size):
            raise UserError(f"{path} does not take 48x48 grey faces to 7 labels of FER2013 or 8 classes of FER+")
        self.name = str(path)
        self.label_sets = tuple(by_size[size] for size in sizes)
        for shares in self.answer([np.zeros((SIZE, SIZE), np.uint8)]).values():
            if abs(float(shares.sum()) - 1) > 0.01:
                raise UserError(f"{path} gives no probabilities: it needs a softmax at its end")

    def answer(self, faces: Sequence[Picture]) -> Mapping[str, FloatArray]:
        """All faces at once."""
        pictures = np.stack(faces)[..., None].astype(np.float32) / 255
        outputs = self._model.predict_on_batch(pictures)
        heads = outputs if isinstance(outputs, list | tuple) else [outputs]
        return {name: np.asarray(head, np.float32) for name, head in zip(self.label_sets, heads, strict=True)}
