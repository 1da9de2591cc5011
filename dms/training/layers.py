"""Convolution, batch normalisation, pooling and dropout that keep PyTorch on its fast path.

Keras' own layers copy every feature map from NHWC to NCHW and back, normalise with a dozen element-wise passes and
cast to float32 before each layer, which undoes bfloat16 autocast. Calling PyTorch's native operations on a permuted
view instead makes an epoch three times as fast on a CPU with AMX, with the same weights and the same results. On
any other backend (conversion runs on TensorFlow) they are Keras' layers unchanged.
"""

from collections.abc import Sequence
from typing import Any

import keras

_ON_TORCH = keras.backend.backend() == "torch"
if _ON_TORCH:
    import torch
    import torch.nn.functional as F  # noqa: N812


def same_padding(size: int, kernel: int, stride: int) -> tuple[int, int]:
    """TensorFlow's "same" padding before and after one axis."""
    total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2


@keras.saving.register_keras_serializable("dms")
class Conv2D(keras.layers.Conv2D):  # type: ignore[misc]
    """Square convolution with "same" or "valid" padding, without a cast of its input."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["autocast"] = False
        super().__init__(*args, **kwargs)

    def call(self, inputs: Any) -> Any:
        """Keras' hook; inputs are (N, H, W, C). Keras itself would add the bias in float32."""
        if not _ON_TORCH or inputs.device.type == "meta":
            return super().call(inputs)
        x = inputs.permute(0, 3, 1, 2)
        weights = keras.ops.convert_to_tensor(self.kernel).permute(3, 2, 0, 1)
        bias = keras.ops.convert_to_tensor(self.bias) if self.use_bias else None
        padding: tuple[int, int] = (0, 0)
        if self.padding == "same":
            size, stride = self.kernel_size, self.strides
            top, bottom = same_padding(x.shape[2], size[0], stride[0])
            left, right = same_padding(x.shape[3], size[1], stride[1])
            if top == bottom and left == right:
                padding = (top, left)
            else:
                x = F.pad(x, (left, right, top, bottom))
        y = F.conv2d(x, weights, bias, self.strides, padding, self.dilation_rate, self.groups)
        return self.activation(y.permute(0, 2, 3, 1))


@keras.saving.register_keras_serializable("dms")
class BatchNormalization(keras.layers.BatchNormalization):  # type: ignore[misc]
    """Batch normalisation over the last axis of (N, H, W, C), without a cast of its input."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["autocast"] = False
        kwargs.setdefault("momentum", 0.9)
        super().__init__(*args, **kwargs)

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """Keras' hook; updates the moving statistics in place while training."""
        if not _ON_TORCH or inputs.device.type == "meta" or inputs.ndim != 4:
            return super().call(inputs, training=training, mask=mask)
        y = F.batch_norm(
            inputs.permute(0, 3, 1, 2),
            self.moving_mean.value,
            self.moving_variance.value,
            self.gamma.value,
            self.beta.value,
            bool(training) and self.trainable,
            1 - self.momentum,
            self.epsilon,
        )
        return y.permute(0, 2, 3, 1)


@keras.saving.register_keras_serializable("dms")
class MaxPooling2D(keras.layers.MaxPooling2D):  # type: ignore[misc]
    """Max pooling without padding, without a copy to NCHW or a cast of its input."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["autocast"] = False
        super().__init__(*args, **kwargs)

    def call(self, inputs: Any) -> Any:
        """Keras' hook; inputs are (N, H, W, C)."""
        if not _ON_TORCH or inputs.device.type == "meta" or self.padding != "valid":
            return super().call(inputs)
        return F.max_pool2d(inputs.permute(0, 3, 1, 2), self.pool_size, self.strides).permute(0, 2, 3, 1)


@keras.saving.register_keras_serializable("dms")
class Dropout(keras.layers.Dropout):  # type: ignore[misc]
    """Dropout without a cast of its input.

    PyTorch's own draws a float for each value, which on a CPU takes three times as long as the 16 random bits here; a
    share is dropped to within 1/131072. On a GPU it is PyTorch's.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["autocast"] = False
        super().__init__(*args, **kwargs)

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Keras' hook; inputs of any shape."""
        if not _ON_TORCH or inputs.device.type != "cpu":
            return super().call(inputs, training=training)
        return inputs * _kept(inputs, self.rate) if training and self.rate else inputs


def _kept(like: Any, rate: float) -> Any:
    """What to multiply with: 0 for the share ``rate``, and for the rest what keeps the mean."""
    words = torch.empty(-(-like.numel() // 4), dtype=torch.int64).random_(torch.iinfo(torch.int64).min, None)
    dropped = round(rate * 65536)
    kept = words.view(torch.int16)[: like.numel()].view(like.shape) >= dropped - 32768
    return kept.to(like.dtype).mul_(65536 / (65536 - dropped))


@keras.saving.register_keras_serializable("dms")
class Colour(keras.layers.Layer):  # type: ignore[misc]
    """Grey (N, H, W, 1) as three channels (N, H, W, 3): the pixel times a scale, plus an offset for each.

    It is a convolution without weights of its own. As a product of its own the TFLite converter would carry the scale
    back to the net's input, whose INT8 values would no longer be the pixels.
    """

    def __init__(self, scale: float, offset: Sequence[float], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.scale, self.offset = scale, tuple(offset)

    def call(self, inputs: Any) -> Any:
        """Keras' hook."""
        kernel = keras.ops.full((1, 1, 1, 3), self.scale, inputs.dtype)
        return keras.ops.conv(inputs, kernel) + keras.ops.array(self.offset, inputs.dtype)

    def get_config(self) -> dict[str, Any]:
        """Return what a file of the model keeps of it."""
        return {**super().get_config(), "scale": self.scale, "offset": list(self.offset)}


def relu(x: Any) -> Any:
    """ReLU as a layer, without a cast."""
    return keras.layers.ReLU(autocast=False)(x)


def add(x: Any, y: Any) -> Any:
    """Sum of two feature maps as a layer, without a cast."""
    return keras.layers.Add(autocast=False)([x, y])


def conv(x: Any, filters: int, size: int = 3, stride: int = 1, activate: bool = True) -> Any:
    """Convolution without bias, batch normalisation, then ReLU if wanted; the converter folds the middle one."""
    x = Conv2D(filters, size, stride, "same", use_bias=False, kernel_initializer="he_normal")(x)
    x = BatchNormalization()(x)
    return relu(x) if activate else x


def residual(x: Any, filters: int, stride: int = 1) -> Any:
    """Two 3x3 convolutions beside a shortcut (He et al. 2016, basic block)."""
    y = conv(conv(x, filters, stride=stride), filters, activate=False)
    if stride != 1 or x.shape[-1] != filters:
        x = conv(x, filters, size=1, stride=stride, activate=False)
    return relu(add(x, y))


def doubled(x: Any) -> Any:
    """Return each cell of a feature map four times, (N, H, W, C) to (N, 2H, 2W, C), without a cast."""
    return keras.layers.UpSampling2D(2, autocast=False)(x)


def pooled(x: Any) -> Any:
    """Global average pooling, (N, H, W, C) to (N, C), in float32 for the heads."""
    return keras.layers.GlobalAveragePooling2D()(x)


def parameters_of(model: Any) -> list[Any]:
    """Return the model's trainable tensors (PyTorch backend)."""
    return [v.value for v in model.trainable_variables]


def lay_out_kernels(model: Any) -> None:
    """Keep the trainable kernels in memory as PyTorch's convolutions take them (PyTorch backend); values stay.

    Keras' (H, W, in, out) otherwise is copied to (out, H, W, in) and back at every step.
    """
    for kernel in parameters_of(model):
        if kernel.ndim == 4:
            kernel.data = kernel.data.permute(3, 0, 1, 2).contiguous().permute(1, 2, 3, 0)


def device_of(model: Any) -> "torch.device":
    """Return where the model's weights are (PyTorch backend)."""
    device: torch.device = model.trainable_variables[0].value.device
    return device
