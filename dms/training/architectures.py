"""The nets that ship, and what they learn from: each a short function that gives an untrained Keras model.

Inputs are grey pictures (N, height, width, 1), float32 in 0..1. Outputs are logits, so that losses are numerically
sound; ``export.with_probabilities`` appends the softmax that ships. No two outputs of a net share a shape, because
``perception.engine`` tells them apart by it.
"""

import math
from typing import Any

import keras

from dms.training.layers import Conv2D, add, conv, doubled, pooled, residual


def eyes() -> Any:
    """State of one eye: 32x32 patch to 3 logits (open, closed, unusable)."""
    inputs, x = _eye_layers()
    x = keras.layers.Dropout(0.2)(x)
    return keras.Model(inputs, [keras.layers.Dense(3, name="state")(x)], name="eyes")


def lids() -> Any:
    """What lids that are down do: 32x32 patch of one eye to the logit of "lowered to look down"."""
    inputs, x = _eye_layers()
    # few people teach it
    x = keras.layers.Dropout(0.4)(x)
    return keras.Model(inputs, [keras.layers.Dense(1, name="lowered")(x)], name="lids")


def _eye_layers() -> tuple[Any, Any]:
    """The input of a net that looks at an eye, and what its layers make of it: (32, 32, 1) to a row of numbers."""
    inputs = keras.Input((32, 32, 1))
    x = conv(inputs, 8)
    x = residual(x, 24, stride=2)
    x = residual(x, 40, stride=2)
    return inputs, pooled(residual(x, 64, stride=2))


def emotion() -> Any:
    """Facial expression: 48x48 face to 7 logits (FER2013's labels) and 8 logits (FER+'s classes) on one trunk."""
    inputs = keras.Input((48, 48, 1))
    x = conv(inputs, 32, stride=2)
    x = residual(x, 32)
    x = residual(residual(x, 64, stride=2), 64)
    x = residual(residual(x, 160, stride=2), 160)
    x = keras.layers.Dropout(0.3)(pooled(x))
    heads = [keras.layers.Dense(7, name="fer2013")(x), keras.layers.Dense(8, name="ferplus")(x)]
    return keras.Model(inputs, heads, name="emotion")


def face() -> Any:
    """Faces in a whole picture: 120x160 to a heat map of their centres (logits) and a box per cell, stride 8.

    A centre-point net (Zhou et al. 2019) of plain 3x3 convolutions, which the TFLite runtimes are fast at.
    """
    inputs = keras.Input((120, 160, 1))
    x = conv(conv(conv(inputs, 16, stride=2), 32, stride=2), 64, stride=2)
    x = residual(residual(x, 64), 64)
    # starts near the share of cells that hold a face, so that the first steps are not spent on finding it
    rare = keras.initializers.Constant(-4.0)
    heads = [Conv2D(1, 1, bias_initializer=rare, name="heat")(x), Conv2D(4, 1, name="box")(x)]
    return keras.Model(inputs, heads, name="face")


def landmarks() -> Any:
    """Points of one face: 96x96 crop to logits of each point's cell of 12x12, offsets from them, and a face's logit.

    A point is classified into a cell and then refined within it (pixel-in-pixel: Jin et al. 2021): convolutions see a
    shifted face as the same face, so that a thousand well-marked faces are enough. The coarser branch sees the whole
    face and keeps its parts together.
    """
    inputs = keras.Input((96, 96, 1))
    x = conv(conv(inputs, 16, stride=2), 32, stride=2)
    near = residual(residual(residual(x, 32), 64, stride=2), 64)
    wide = residual(near, 96, stride=2)
    x = residual(add(near, doubled(conv(wide, 64, size=1))), 64)
    heads = [
        Conv2D(68, 1, name="cells")(x),
        Conv2D(136, 1, name="offsets")(x),
        keras.layers.Dense(1, name="face")(pooled(wide)),
    ]
    return keras.Model(inputs, heads, name="landmarks")


def mouth() -> Any:
    """State of the mouth: 48x48 patch of the lower face to 3 logits (shut, yawn, unusable)."""
    inputs = keras.Input((48, 48, 1))
    x = conv(inputs, 16, stride=2)
    x = residual(x, 24, stride=2)
    x = residual(x, 32, stride=2)
    x = residual(x, 48, stride=2)
    x = keras.layers.Dropout(0.3)(pooled(x))
    return keras.Model(inputs, [keras.layers.Dense(3, name="mouth")(x)], name="mouth")


def count_macs(model: Any) -> int:
    """Multiply-accumulates of one picture through the convolutions and dense layers."""
    total = 0
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            total += count_macs(layer)
        elif isinstance(layer, keras.layers.Conv2D | keras.layers.DepthwiseConv2D):
            _, height, width, _ = layer.output.shape
            total += height * width * math.prod(layer.kernel.shape)
        elif isinstance(layer, keras.layers.Dense):
            total += math.prod(layer.kernel.shape)
    return total
