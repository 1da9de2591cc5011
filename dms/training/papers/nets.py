"""The papers' nets, each a short function that gives a Keras model.

All take grey 48x48 faces (N, 48, 48, 1), float32 in 0..1, and give 7 logits in the order of FER2013's labels; those
whose papers feed 224x224 colour enlarge the face inside. ``imagenet`` is a file of weights without the top, as
``keras.applications`` names and publishes them; without it nothing is frozen and everything starts fresh.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras

from dms.errors import UserError
from dms.training.layers import BatchNormalization, Colour, Conv2D, Dropout, MaxPooling2D, conv, pooled, relu, residual

CLASSES = 7


def cnn10() -> Any:
    """Ten-layer CNN of Sahoo et al.: 1,203,783 parameters."""
    return _sahoo((64, 64, 128, 128, 128), "cnn10")


def cnn6() -> Any:
    """Return the first three blocks of ``cnn10``: 6,903,879 parameters, because the dense layer sees a larger map."""
    return _sahoo((64, 64, 128), "cnn6")


def _sahoo(filters: Sequence[int], name: str) -> Any:
    inputs = x = keras.Input((48, 48, 1))
    for count in filters:
        x = _conv_relu(_conv_relu(x, count), count)
        # five stride-2 pools take 48 to 1 only when the last one sees its 2x2 map whole
        x = _dropout(_pool(BatchNormalization()(x), min(3, x.shape[1])), 0.25)
    return _answer(inputs, _dropout(_dense(keras.layers.Flatten()(x), 2048), 0.5), name)


def cnn4() -> Any:
    """Four-layer CNN of Vinod et al."""
    inputs = x = keras.Input((48, 48, 1))
    for filters in (128, 256, 512, 512):
        x = _dropout(_pool(BatchNormalization()(_conv_relu(x, filters, padding="valid")), 2), 0.4)
    x = _dropout(_dense(keras.layers.Flatten()(x), 512), 0.4)
    return _answer(inputs, _dropout(_dense(x, 256), 0.3), "cnn4")


def cnn4_mobilenet(imagenet: Path | None = None) -> Any:
    """Transfer model of Vinod et al.: MobileNet with a new head, trained throughout."""
    inputs = keras.Input((48, 48, 1))
    base = _pretrained(keras.applications.MobileNet, imagenet, pooling="avg")
    return _answer(inputs, _dropout(base(_colour(inputs, 2.0, (-1.0, -1.0, -1.0))), 0.4), "cnn4_mobilenet")


def shinde() -> Any:
    """CNN of Shinde et al.: 128 to 512 filters, max pooling, batch normalisation, dropout."""
    inputs = x = keras.Input((48, 48, 1))
    for filters in (128, 256, 512):
        x = _dropout(_pool(BatchNormalization()(_conv_relu(x, filters)), 2), 0.25)
    return _answer(inputs, _dropout(_dense(keras.layers.Flatten()(x), 512), 0.5), "shinde")


def shinde_resnet(imagenet: Path | None = None) -> Any:
    """ResNet-50 of Shinde et al. with its head replaced; with ImageNet weights all but the last stage is frozen."""
    inputs = keras.Input((48, 48, 1))
    base = _pretrained(keras.applications.ResNet50, imagenet, pooling="avg")
    if imagenet is not None:
        for layer in base.layers:
            layer.trainable = layer.name.startswith("conv5")
    return _answer(inputs, _dropout(base(_colour(inputs, 255.0, _CAFFE)), 0.5), "shinde_resnet")


def thesis() -> Any:
    """CNN of Patil: a 3x1 and a 1x3 convolution per block, 3,931,975 parameters."""
    inputs = x = keras.Input((48, 48, 1))
    for filters in (64, 128, 256, 512):
        x = Conv2D(filters, (1, 3), padding="same")(Conv2D(filters, (3, 1), padding="same")(x))
        x = _dropout(_pool(relu(BatchNormalization()(x)), 2), 0.25)
    x = keras.layers.Dense(512)(keras.layers.Flatten()(x))
    # its parameter count has room for one more normalisation, of 512
    x = _dropout(relu(keras.layers.BatchNormalization(momentum=0.9)(x)), 0.25)
    return _answer(inputs, x, "thesis")


def vgg16(imagenet: Path | None = None) -> Any:
    """Transfer model of Sahoo et al.: VGG16 with a dense layer on top; with ImageNet weights only that is trained."""
    inputs = keras.Input((48, 48, 1))
    base = _pretrained(keras.applications.VGG16, imagenet)
    base.trainable = imagenet is None
    return _answer(inputs, keras.layers.Flatten()(base(_colour(inputs, 255.0, _CAFFE))), "vgg16")


def resnet50_34(imagenet: Path | None = None) -> Any:
    """Hybrid of Sharma & Tiwari: features of ResNet-50 and ResNet-34 side by side.

    The file is ResNet-50's; nobody publishes ResNet-34 for Keras, so that half starts fresh.
    """
    inputs = keras.Input((48, 48, 1))
    x = _colour(inputs, 255.0, _CAFFE)
    fifty = _pretrained(keras.applications.ResNet50, imagenet, pooling="avg")
    both = keras.layers.Concatenate()([fifty(x), _resnet34(x)])
    return _answer(inputs, _dropout(both, 0.5), "resnet50_34")


_CAFFE = (-103.939, -116.779, -123.68)
"""What VGG16's and ResNet-50's published weights want taken off each channel."""


def _resnet34(x: Any) -> Any:
    x = MaxPooling2D(3, 2, padding="same")(conv(x, 64, size=7, stride=2))
    for stage, (filters, blocks) in enumerate(((64, 3), (128, 4), (256, 6), (512, 3))):
        for block in range(blocks):
            x = residual(x, filters, stride=2 if stage and not block else 1)
    return pooled(x)


def _pretrained(application: Any, imagenet: Path | None, **options: Any) -> Any:
    if imagenet is not None and not imagenet.is_file():
        raise UserError(f"{imagenet}: no such file; it is to hold ImageNet weights of {application.__name__}")
    weights = None if imagenet is None else str(imagenet)
    try:
        return application(include_top=False, weights=weights, input_shape=(224, 224, 3), **options)
    except (ValueError, OSError, KeyError) as error:
        if imagenet is None:
            raise
        raise UserError(
            f"{imagenet} does not hold weights of {application.__name__} without its top, as Keras publishes them"
        ) from error


def _colour(inputs: Any, scale: float, offset: Sequence[float]) -> Any:
    """Grey 48x48 to what a net for ImageNet takes: 224x224, three channels in its range."""
    return Colour(scale, offset)(keras.layers.Resizing(224, 224)(inputs))


def _conv_relu(x: Any, filters: int, padding: str = "same") -> Any:
    return relu(Conv2D(filters, 3, padding=padding)(x))


def _pool(x: Any, size: int) -> Any:
    return MaxPooling2D(size, 2)(x)


def _dropout(x: Any, rate: float) -> Any:
    return Dropout(rate)(x)


def _dense(x: Any, units: int) -> Any:
    return keras.layers.Dense(units, activation="relu")(x)


def _answer(inputs: Any, x: Any, name: str) -> Any:
    return keras.Model(inputs, [keras.layers.Dense(CLASSES, name="fer2013")(x)], name=name)
