"""Puts the head of one INT8 file onto another of the same net, so that what the other says stays equal to the bit.

Takes two ``.tflite`` files of one net, the second with a further output, and writes the first with that output. Where
the feature map that the head reads has another scale in the first file, the biases of what reads it are brought to that
scale.
"""

from pathlib import Path
from typing import Any

import numpy as np

from dms.errors import UserError
from dms.training.tflite_file import read, schema, write


def graft(onto: Path, head: Path, out: Path) -> Path:
    """Write ``onto`` with the further output of ``head``, in place of one that it has.

    Raises:
        UserError: They are not of one net.
        WorldError: TensorFlow is missing.
    """
    target, source = read(onto), read(head)
    net, more = target.subgraphs[0], source.subgraphs[0]
    shared = _behind(more)
    _behead(target)
    if [_shape(net, one.outputs[0]) for one in net.operators] != [_shape(more, one.outputs[0]) for one in shared]:
        raise UserError(f"the head of {head} does not fit {onto}: their layers differ")
    places = {theirs.outputs[0]: ours.outputs[0] for ours, theirs in zip(net.operators, shared, strict=True)}
    for operator in [one for one in more.operators if one not in shared]:
        code = source.operatorCodes[operator.opcodeIndex]
        known = [one.builtinCode for one in target.operatorCodes]
        if code.builtinCode not in known:
            target.operatorCodes.append(code)
            known.append(code.builtinCode)
        operator.opcodeIndex = known.index(code.builtinCode)
        ratio = _ratio(net, more, places, operator)
        for index in (*operator.inputs, *operator.outputs):
            if index not in places:
                tensor = more.tensors[index]
                target.buffers.append(source.buffers[tensor.buffer])
                tensor.buffer = len(target.buffers) - 1
                net.tensors.append(tensor)
                places[index] = len(net.tensors) - 1
                if tensor.type == schema().TensorType.INT32 and ratio != 1.0 and index in operator.inputs:
                    _rescale(tensor, target.buffers[-1], ratio)
        operator.inputs = np.array([places[index] for index in operator.inputs], np.int32)
        operator.outputs = np.array([places[index] for index in operator.outputs], np.int32)
        net.operators.append(operator)
    (further,) = [output for output in more.outputs if places[output] not in set(net.outputs)]
    net.outputs = np.array([*net.outputs, places[further]], np.int32)
    return write(target, out)


def _behind(graph: Any) -> list[Any]:
    """The operators that the first output comes of, in the order in which they run."""
    wanted, found = {int(graph.outputs[0])}, []
    for operator in reversed(graph.operators):
        if wanted.intersection(int(index) for index in operator.outputs):
            wanted.update(int(index) for index in operator.inputs)
            found.append(operator)
    return found[::-1]


def _behead(model: Any) -> None:
    """Keep what the first output comes of, which stands before all heads: a file that has one gets another."""
    net = model.subgraphs[0]
    net.operators, net.outputs = _behind(net), net.outputs[:1]
    used = {int(index) for operator in net.operators for index in (*operator.inputs, *operator.outputs)}
    net.tensors = net.tensors[: 1 + max(used)]
    buffers = [tensor.buffer for tensor in net.tensors] + [one.buffer for one in model.metadata or ()]
    model.buffers = model.buffers[: 1 + max(buffers)]


def _shape(graph: Any, index: int) -> list[int]:
    return [int(size) for size in graph.tensors[index].shape]


def _ratio(net: Any, more: Any, places: dict[int, int], operator: Any) -> float:
    """Scale of what an operator reads, here over there: 1 for what comes from the head itself."""
    index = int(operator.inputs[0])
    if index not in places:
        return 1.0
    here, there = (one.quantization for one in (net.tensors[places[index]], more.tensors[index]))
    if list(here.zeroPoint) != list(there.zeroPoint):
        raise UserError("the feature map that the head reads has another zero point there")
    return float(here.scale[0] / there.scale[0])


def _rescale(tensor: Any, buffer: Any, ratio: float) -> None:
    """A bias of the same real value at a scale that is so much larger."""
    numbers = np.frombuffer(bytes(buffer.data), np.int32)
    buffer.data = np.frombuffer(np.round(numbers / ratio).astype(np.int32).tobytes(), np.uint8)
    tensor.quantization.scale = tensor.quantization.scale * np.float32(ratio)
