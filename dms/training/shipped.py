"""Takes up a net where an INT8 file leaves it, so that a shipped net can learn more.

Takes an untrained Keras model, the ``.tflite`` file that an equal model became, and pictures; leaves the model with the
file's weights. The file has absorbed each normalisation into the convolution before it; here it is taken out again by
what the pictures give there, so that training can go on. Weights come back to within half an INT8 step.
"""

import re
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dms.errors import UserError
from dms.training import tflite_file

Weights = dict[str, npt.NDArray[np.float32]]

# the converter names weights after the operations that it made one of: .../conv2d_1/... is the first convolution,
# .../conv2d_1_2/... the second, .../conv2d_2_1/... the third; outputs have the name that the code gives them
_NAME = re.compile(
    r"(?:.*;)?\w+/conv2d_(\d+)(_\d+)?/convolution(?:;.*/sub)?"
    r"|\w+/((?!conv2d)\w+)_1/(?:MatMul|BiasAdd|Add|convolution)(?:;.*)?",
)
_KINDS = {(np.int8, 4): "kernel", (np.int8, 2): "kernel", (np.int32, 1): "bias"}


def take_up(model: Any, file: Path, pictures: npt.NDArray[np.uint8]) -> None:
    """Give a model the weights of the file that a model of the same shape became.

    Args:
        model: Keras model of ``dms.training.architectures``: a convolution is followed by a normalisation, or is an
            output and has a name.
        file: What ``export.quantise`` made of such a model.
        pictures: (N, height, width) uint8 as the net takes them, a few hundred typical ones.

    Raises:
        UserError: The file is of a net with other layers, or no ``.tflite`` file.
        WorldError: TensorFlow, which has the schema of the file, is missing.
    """
    import keras  # noqa: PLC0415 - the backend is chosen when Keras is imported

    weights = read(file)
    names = [layer.name for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]
    convolutions = [model.get_layer(name) for name in sorted(names, key=_number) if name.startswith("conv2d")]
    normalisations = [_after(model, layer) for layer in convolutions]
    heads = [
        layer
        for layer in model.layers
        if isinstance(layer, keras.layers.Conv2D | keras.layers.Dense) and layer not in convolutions
    ]
    try:
        for index, (layer, normalisation) in enumerate(zip(convolutions, normalisations, strict=True)):
            layer.set_weights([weights[f"kernel {index}"]])
            _set(normalisation, weights[f"bias {index}"])
        for layer in heads:
            layer.set_weights([weights[f"kernel {layer.name}"], weights[f"bias {layer.name}"]])
    except (KeyError, ValueError) as error:
        raise UserError(f"{file} is of a net with other layers than {model.name} has now ({error})") from error
    _normalise(model, normalisations, pictures)


def _number(name: str) -> int:
    return int(name.rpartition("_")[2]) if name[-1].isdigit() and "_" in name else 0


def _after(model: Any, layer: Any) -> Any:
    """Return the normalisation that follows a convolution."""
    return next(other for other in model.layers if other.name.startswith("batch_norm") and other.input is layer.output)


def _set(layer: Any, bias: npt.NDArray[np.float32], mean: Any = 0.0, variance: Any = None) -> None:
    """Let a normalisation add ``bias`` and nothing else, whatever mean and variance it is given."""
    ones = np.ones_like(bias)
    variance = ones - layer.epsilon if variance is None else variance
    layer.set_weights([np.sqrt(variance + layer.epsilon) * ones, bias + mean, mean * ones, variance * ones])


def _normalise(model: Any, layers: list[Any], pictures: npt.NDArray[np.uint8]) -> None:
    """Tell the normalisations what they would have seen, leaving what the net answers as it is."""
    import keras  # noqa: PLC0415

    from dms.training.fit import predict  # noqa: PLC0415 - needs PyTorch

    looking = keras.Model(model.inputs, [layer.input for layer in layers])
    for layer, seen in zip(layers, predict(looking, pictures), strict=True):
        bias = layer.get_weights()[1]
        _set(layer, bias, seen.mean((0, 1, 2)), seen.var((0, 1, 2)))


def read(file: Path) -> Weights:
    """The weights of a file, as ``kernel 0``, ``bias 0`` and so on, in the order in which the model's code makes them.

    Heads go by their names.

    Raises:
        UserError: It is no ``.tflite`` file.
        WorldError: TensorFlow is missing.
    """
    weights, model = {}, tflite_file.read(file)
    for tensor in model.subgraphs[0].tensors:
        name, numbers = _NAME.fullmatch(tflite_file.name_of(tensor)), tflite_file.fixed(model, tensor)
        kind = None if numbers is None else _KINDS.get((numbers.dtype.type, numbers.ndim))
        if name and numbers is not None and kind:
            number, more, head = name.groups()
            scales = np.asarray(tensor.quantization.scale, np.float32)
            real = numbers * scales.reshape(-1, *[1] * (numbers.ndim - 1))
            # (out, height, width, in) and (out, in) become Keras' order
            order = (*range(1, real.ndim), 0)
            weights[f"{kind} {head or (number if more else 0)}"] = real.transpose(order).astype(np.float32)
    # Keras goes on counting from the nets that were made before this one
    counted = sorted({int(name.split()[1]) for name in weights if name.split()[1].isdigit()})
    ranks = {str(number): str(rank) for rank, number in enumerate(counted)}
    return {
        " ".join((kind, ranks.get(name, name))): weights[f"{kind} {name}"] for kind, name in map(str.split, weights)
    }
