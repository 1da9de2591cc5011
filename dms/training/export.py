"""Turns a trained Keras model into a full-INT8 TFLite file.

Takes a model on the PyTorch backend and calibration pictures, gives a file whose input and outputs are int8 and
whose kernels have one scale per channel. Pixels are x/255 with 0 and 255 in the calibration, so that the input is
``uint8 - 128`` and the daemon does no arithmetic on pixels. Converts in a process of its own, because TensorFlow
and PyTorch are two backends of Keras and a process has one.
"""

import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dms.training.apart import run_apart


def with_probabilities(model: Any, temperatures: list[float] | None = None) -> Any:
    """Return the model with a softmax on each output.

    Args:
        model: Keras model whose outputs are logits of dense layers.
        temperatures: One per output; logits are divided by it by scaling the last layer (Guo et al. 2017).
    """
    import keras  # noqa: PLC0415 - the backend is chosen when Keras is imported

    for output, temperature in zip(model.output_names, temperatures or [], strict=bool(temperatures)):
        layer = model.get_layer(output)
        layer.set_weights([w / temperature for w in layer.get_weights()])
    last = {1: lambda: keras.layers.Activation("sigmoid")}
    outputs = [last.get(o.shape[-1], keras.layers.Softmax)()(o) for o in model.outputs]
    return keras.Model(model.inputs, outputs, name=model.name)


def calibration(pictures: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """At most 500 of the training pictures, the same ones each time, to fix the ranges inside the net by."""
    chosen = np.random.default_rng(0).choice(len(pictures), min(500, len(pictures)), replace=False)
    return np.asarray(pictures[chosen])


def scaled_by_channel(model: Any) -> Any:
    """Return the model with each normalisation that no convolution can absorb as a 1x1 depthwise convolution.

    As it is, such a one becomes a product with a vector that has a single INT8 scale. A channel that is dead after its
    ReLU has a factor of 1/sqrt(epsilon) there, beside which the factors of all others round to zero.
    """
    import keras  # noqa: PLC0415

    def replacement(layer: Any) -> Any:
        if stands_alone(layer):
            return keras.layers.DepthwiseConv2D(1, name=layer.name)
        return layer.__class__.from_config(layer.get_config())

    def call(layer: Any, *args: Any, **kwargs: Any) -> Any:
        # a normalisation takes a mask, a convolution does not
        return layer(*args) if isinstance(layer, keras.layers.DepthwiseConv2D) else layer(*args, **kwargs)

    def stands_alone(layer: Any) -> bool:
        if not isinstance(layer, keras.layers.BatchNormalization) or len(layer.input.shape) != 4:
            return False
        before = layer.input._keras_history.operation
        return not (isinstance(before, keras.layers.Conv2D) and before.activation is keras.activations.linear)

    if not any(map(stands_alone, model.layers)):
        return model
    copy = keras.models.clone_model(model, clone_function=replacement, call_function=call)
    for layer in model.layers:
        if stands_alone(layer):
            gamma, beta, mean, variance = layer.get_weights()
            factors = gamma / np.sqrt(variance + layer.epsilon)
            copy.get_layer(layer.name).set_weights([factors[None, None, :, None], beta - mean * factors])
        else:
            copy.get_layer(layer.name).set_weights(layer.get_weights())
    return copy


def quantise(model: Any, examples: npt.NDArray[np.uint8], out: Path) -> Path:
    """Write a full-INT8 TFLite file with a batch of one.

    Args:
        model: Keras model; its outputs ship as they are.
        examples: (N, height, width) or (N, height, width, channels) uint8, a few hundred typical pictures.
        out: The ``.tflite`` file to write.

    Raises:
        WorldError: The converter failed.
    """
    pictures = examples if examples.ndim == 4 else examples[..., None]
    # two pixels fix the input's range; whole black and white pictures would stretch the ranges inside the net
    pictures = pictures.copy()
    pictures[0, 0, :2] = np.array([[0], [255]])
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        saved, kept = Path(folder, "model.keras"), Path(folder, "calibration.npy")
        model.save(saved)
        np.save(kept, pictures)
        environment = {"KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "3"}
        failed = "conversion to TFLite failed"
        run_apart("dms.training.export", saved, kept, out, failed=failed, environment=environment)
    return out


def _convert(saved: Path, examples: Path, out: Path) -> None:
    """Runs in the subprocess, on the TensorFlow backend."""
    import keras  # noqa: PLC0415
    import tensorflow as tf  # noqa: PLC0415
    from tensorflow.python.framework.convert_to_constants import (  # noqa: PLC0415
        convert_variables_to_constants_v2,
    )

    import dms.training.layers  # noqa: F401, PLC0415 - registers the layers that the file names

    model, pictures = scaled_by_channel(keras.saving.load_model(saved, compile=False)), np.load(examples)
    signature = tf.TensorSpec((1, *pictures.shape[1:]), tf.float32)
    function = tf.function(lambda x: model(x, training=False), input_signature=[signature])
    # Keras' variables would stay variables of the TFLite file; as constants they can be quantised
    frozen = convert_variables_to_constants_v2(function.get_concrete_function())
    converter = tf.lite.TFLiteConverter.from_concrete_functions([frozen])
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: ([p[None].astype(np.float32) / 255] for p in pictures)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.int8
    out.write_bytes(converter.convert())


if __name__ == "__main__":
    _convert(*map(Path, sys.argv[1:4]))
