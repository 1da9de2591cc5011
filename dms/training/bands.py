"""Gives a net that ships further outputs, and leaves all that it answered before as it was, bit for bit.

Takes an INT8 ``.tflite`` file, with or without such outputs, gives one in which the maps before the last residual
block are averaged over bands of the picture, and logistic regressions stand on those means. The last block sees what
the net was trained for and little else. The file's own weights and operations are not touched: training them on, or
converting the net again, would move every answer a little.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dms.errors import UserError
from dms.training.tflite_file import name_of, read, schema, write

FloatArray = npt.NDArray[np.float32]

BANDS = 3
"""Of equal height: brow, nose, mouth. Whether a wide mouth shouts stands in the brow too."""


@dataclass(frozen=True, slots=True, eq=False)
class Head:
    """A multinomial logistic regression on the means as ``with_means`` gives them.

    Attributes:
        weights: (K, BANDS * channels) float32, of the means.
        bias: (K,) float32, added to them before the softmax.
    """

    weights: FloatArray
    bias: FloatArray


def with_means(file: Path, out: Path) -> Path:
    """Write the file with one more output: the (BANDS, 1, channels) means that a head stands on.

    Args:
        file: An INT8 net that ends in residual blocks.
        out: The ``.tflite`` file to write.

    Raises:
        UserError: The file is of another kind of net.
        WorldError: TensorFlow is missing.
    """
    changed = _File(file)
    changed.give(changed.add_means())
    return write(changed.model, out)


def with_heads(file: Path, out: Path, heads: Sequence[Head]) -> Path:
    """Write the file with one more output for each head: (K,) probabilities of classes.

    Args:
        file: An INT8 net that ends in residual blocks.
        out: The ``.tflite`` file to write.
        heads: In the order of the outputs.

    Raises:
        UserError: The file is of another kind of net.
        WorldError: TensorFlow is missing.
    """
    changed = _File(file)
    means = changed.add_means()
    for number, head in enumerate(heads, start=1):
        changed.give(changed.add_head(means, head, f"head-{number}"))
    return write(changed.model, out)


_ADD, _AVERAGE_POOL, _FULLY_CONNECTED, _SOFTMAX = 0, 1, 9, 25
_VERSIONS = {_AVERAGE_POOL: 2, _FULLY_CONNECTED: 4, _SOFTMAX: 2}
"""The first versions of these operations that take INT8."""
_INT8, _INT32 = 9, 2
_MEANS = "band_means"
"""The first tensor that is added."""
_MOST_LOGIT = 12.0
"""Beyond it nothing changes in a softmax of 1/256 steps."""


class _File:
    """A file being changed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.schema = schema()
        self.model = read(path)
        (self.graph,) = self.model.subgraphs
        self._take_off()

    def _take_off(self) -> None:
        """Take off what was added before, which stands behind all that the converter wrote."""
        graph, model = self.graph, self.model
        count = next((i for i, tensor in enumerate(graph.tensors) if name_of(tensor) == _MEANS), None)
        if count is not None:
            model.buffers = model.buffers[: graph.tensors[count].buffer]
            graph.tensors = graph.tensors[:count]
            graph.operators = [each for each in graph.operators if each.outputs[0] < count]
            graph.outputs = np.array([output for output in graph.outputs if output < count], np.int32)

    def add_means(self) -> int:
        """Add the means over bands; gives their tensor."""
        schema, maps = self.schema, self.maps()
        _, height, width, channels = (int(n) for n in self.graph.tensors[maps].shape)
        means = self.tensor(_MEANS, (1, BANDS, 1, channels), *self.scale(maps))
        options = schema.Pool2DOptionsT()
        options.padding = schema.Padding.VALID
        options.filterHeight = options.strideH = height // BANDS
        options.filterWidth = options.strideW = width
        self.operation(_AVERAGE_POOL, [maps], means, schema.BuiltinOptions.Pool2DOptions, options)
        return means

    def add_head(self, means: int, head: Head, name: str) -> int:
        """Add a regression on the means; gives the tensor of its probabilities."""
        schema, (scale, _) = self.schema, self.scale(means)
        weights, bias = head.weights, head.bias
        count, step = len(bias), float(np.abs(weights).max()) / 127
        fixed = self.tensor(f"{name}/weights", weights.shape, step, 0, np.round(weights / step).astype(np.int8))
        added = self.tensor(f"{name}/bias", (count,), scale * step, 0, np.round(bias / (scale * step)).astype(np.int32))
        logits = self.tensor(f"{name}/logits", (1, count), _MOST_LOGIT / 127)
        kinds, options = schema.BuiltinOptions, schema.SoftmaxOptionsT()
        options.beta = 1.0
        self.operation(
            _FULLY_CONNECTED,
            [means, fixed, added],
            logits,
            kinds.FullyConnectedOptions,
            schema.FullyConnectedOptionsT(),
        )
        probabilities = self.tensor(f"{name}/probabilities", (1, count), 1 / 256, -128)
        self.operation(_SOFTMAX, [logits], probabilities, kinds.SoftmaxOptions, options)
        return probabilities

    def maps(self) -> int:
        """The tensor that the last residual block takes."""
        codes = [code.builtinCode for code in self.model.operatorCodes]
        sums = [int(each.outputs[0]) for each in self.graph.operators if codes[each.opcodeIndex] == _ADD]
        if len(sums) < 2 or self.graph.tensors[sums[-2]].type != _INT8:
            raise UserError(f"{self.path} is no INT8 net of residual blocks")
        return sums[-2]

    def scale(self, tensor: int) -> tuple[float, int]:
        """Real value of a step, and the integer that stands for 0."""
        quantisation = self.graph.tensors[tensor].quantization
        return float(quantisation.scale[0]), int(quantisation.zeroPoint[0])

    def tensor(
        self,
        name: str,
        shape: tuple[int, ...],
        scale: float,
        zero: int = 0,
        numbers: npt.NDArray[Any] | None = None,
    ) -> int:
        """Add a tensor, of fixed numbers if they are given."""
        schema = self.schema
        buffer = schema.BufferT()
        if numbers is not None:
            buffer.data = np.frombuffer(numbers.tobytes(), np.uint8)
        self.model.buffers.append(buffer)
        tensor = schema.TensorT()
        tensor.name, tensor.shape, tensor.buffer = name, np.array(shape, np.int32), len(self.model.buffers) - 1
        tensor.type = _INT32 if numbers is not None and numbers.dtype == np.int32 else _INT8
        tensor.hasRank = True
        tensor.quantization = schema.QuantizationParametersT()
        tensor.quantization.scale = np.array([scale], np.float32)
        tensor.quantization.zeroPoint = np.array([zero], np.int64)
        self.graph.tensors.append(tensor)
        return len(self.graph.tensors) - 1

    def operation(self, code: int, inputs: list[int], output: int, kind: int = 0, options: Any = None) -> None:
        """Add an operation after all others."""
        schema = self.schema
        codes = [(each.builtinCode, each.version) for each in self.model.operatorCodes]
        wanted = (code, _VERSIONS[code])
        usable = [i for i, (builtin, version) in enumerate(codes) if builtin == code and version >= wanted[1]]
        if not usable:
            new = schema.OperatorCodeT()
            new.builtinCode = new.deprecatedBuiltinCode = code
            new.version = wanted[1]
            self.model.operatorCodes.append(new)
            usable = [len(codes)]
        operator = schema.OperatorT()
        operator.opcodeIndex = usable[0]
        operator.inputs, operator.outputs = np.array(inputs, np.int32), np.array([output], np.int32)
        operator.builtinOptionsType, operator.builtinOptions = kind, options
        self.graph.operators.append(operator)

    def give(self, output: int) -> None:
        """Make a tensor the last output."""
        self.graph.outputs = np.append(self.graph.outputs, output).astype(np.int32)
