#!/bin/sh
# tflite-runtime 2.14.0, the last release: XNNPACK is inside and on for nets of real numbers, but off for INT8 nets, which its
# interpreter leaves to slower kernels without a word, whatever op resolver and number of threads it is given. Its library
# exports the C functions that make the delegate with the flag for signed 8-bit integers: through them the same INT8
# convolution goes to XNNPACK, in about half the processor time on x86-64 (seen: 0.94 and 0.54 ms).
#
#   sh findings/tflite_runtime_int8.sh      needs python3.11 with venv and a network for pip
#
# Makes a net of one convolution with each type of number. Prints versions and what was seen. Exit code 1 when it is no
# longer so, 2 when it could not be tried.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3.11 -m venv "$work/venv" || exit 2
"$work/venv/bin/pip" install -q --disable-pip-version-check \
    tflite-runtime==2.14.0 numpy==1.26.4 tflite==2.18.0 flatbuffers==25.12.19 || exit 2
"$work/venv/bin/python" - 2>/dev/null <<'PYTHON'
import ctypes
import sys
import time

import flatbuffers
import numpy as np
import tflite
import tflite_runtime
from tflite_runtime import _pywrap_tensorflow_interpreter_wrapper as wrapper
from tflite_runtime.interpreter import Interpreter

SIDE, CHANNELS = 48, 64


def offsets(builder, start, items):
    start(builder, len(items))
    for item in reversed(items):
        builder.PrependUOffsetTRelative(item)
    return builder.EndVector()


def numbers(builder, values, dtype):
    return builder.CreateNumpyVector(np.asarray(values, dtype))


def convolution(int8):
    """A .tflite file: 3x3, as many channels out as in, of INT8 or of float32."""
    b = flatbuffers.Builder(1 << 20)
    rng = np.random.default_rng(0)
    weights = rng.integers(-127, 128, (CHANNELS, 3, 3, CHANNELS)).astype(np.int8 if int8 else np.float32)
    biases = np.zeros(CHANNELS, np.int32 if int8 else np.float32)
    buffers = []
    for content in (b"", weights.tobytes(), biases.tobytes()):
        data = numbers(b, np.frombuffer(content, np.uint8), np.uint8)
        tflite.BufferStart(b)
        tflite.BufferAddData(b, data)
        buffers.append(tflite.BufferEnd(b))
    kind = tflite.TensorType.INT8 if int8 else tflite.TensorType.FLOAT32
    picture = (1, SIDE, SIDE, CHANNELS)
    tensors = []
    for name, shape, buffer, type_, scales in (
        ("in", picture, 0, kind, [1 / 128]),
        ("weights", weights.shape, 1, kind, [1 / 128] * CHANNELS),
        ("biases", biases.shape, 2, tflite.TensorType.INT32 if int8 else kind, [1 / 128**2] * CHANNELS),
        ("out", picture, 0, kind, [1 / 8]),
    ):
        scale, zero = numbers(b, scales, np.float32), numbers(b, [0] * len(scales), np.int64)
        tflite.QuantizationParametersStart(b)
        tflite.QuantizationParametersAddScale(b, scale)
        tflite.QuantizationParametersAddZeroPoint(b, zero)
        quantisation = tflite.QuantizationParametersEnd(b)
        sizes, named = numbers(b, shape, np.int32), b.CreateString(name)
        tflite.TensorStart(b)
        tflite.TensorAddShape(b, sizes)
        tflite.TensorAddType(b, type_)
        tflite.TensorAddBuffer(b, buffer)
        tflite.TensorAddName(b, named)
        if int8:
            tflite.TensorAddQuantization(b, quantisation)
        tensors.append(tflite.TensorEnd(b))
    tflite.Conv2DOptionsStart(b)
    tflite.Conv2DOptionsAddPadding(b, tflite.Padding.SAME)
    tflite.Conv2DOptionsAddStrideW(b, 1)
    tflite.Conv2DOptionsAddStrideH(b, 1)
    options = tflite.Conv2DOptionsEnd(b)
    given, taken = numbers(b, [0, 1, 2], np.int32), numbers(b, [3], np.int32)
    tflite.OperatorStart(b)
    tflite.OperatorAddInputs(b, given)
    tflite.OperatorAddOutputs(b, taken)
    tflite.OperatorAddBuiltinOptionsType(b, tflite.BuiltinOptions.Conv2DOptions)
    tflite.OperatorAddBuiltinOptions(b, options)
    operators = offsets(b, tflite.SubGraphStartOperatorsVector, [tflite.OperatorEnd(b)])
    tensors = offsets(b, tflite.SubGraphStartTensorsVector, tensors)
    first, last = numbers(b, [0], np.int32), numbers(b, [3], np.int32)
    tflite.SubGraphStart(b)
    tflite.SubGraphAddTensors(b, tensors)
    tflite.SubGraphAddInputs(b, first)
    tflite.SubGraphAddOutputs(b, last)
    tflite.SubGraphAddOperators(b, operators)
    graphs = offsets(b, tflite.ModelStartSubgraphsVector, [tflite.SubGraphEnd(b)])
    tflite.OperatorCodeStart(b)
    tflite.OperatorCodeAddDeprecatedBuiltinCode(b, tflite.BuiltinOperator.CONV_2D)
    tflite.OperatorCodeAddBuiltinCode(b, tflite.BuiltinOperator.CONV_2D)
    tflite.OperatorCodeAddVersion(b, 3 if int8 else 1)
    codes = offsets(b, tflite.ModelStartOperatorCodesVector, [tflite.OperatorCodeEnd(b)])
    buffers = offsets(b, tflite.ModelStartBuffersVector, buffers)
    tflite.ModelStart(b)
    tflite.ModelAddVersion(b, 3)
    tflite.ModelAddOperatorCodes(b, codes)
    tflite.ModelAddSubgraphs(b, graphs)
    tflite.ModelAddBuffers(b, buffers)
    b.Finish(tflite.ModelEnd(b), b"TFL3")
    return bytes(b.Output())


class Options(ctypes.Structure):
    """TfLiteXNNPackDelegateOptions of TensorFlow 2.14."""

    _fields_ = (
        ("num_threads", ctypes.c_int32),
        ("flags", ctypes.c_uint32),
        ("weights_cache", ctypes.c_void_p),
        ("handle_variable_ops", ctypes.c_bool),
    )


library = ctypes.CDLL(wrapper.__file__)
library.TfLiteXNNPackDelegateOptionsDefault.restype = Options
library.TfLiteXNNPackDelegateCreate.restype = ctypes.c_void_p
defaults = library.TfLiteXNNPackDelegateOptionsDefault()


class Int8Delegate:
    def __init__(self):
        options = library.TfLiteXNNPackDelegateOptionsDefault()
        options.flags |= 1  # TFLITE_XNNPACK_DELEGATE_FLAG_QS8
        self.pointer = library.TfLiteXNNPackDelegateCreate(ctypes.byref(options))

    def _get_native_delegate_pointer(self):
        return self.pointer


def tried(content, delegates):
    net = Interpreter(model_content=content, num_threads=1, experimental_delegates=delegates)
    net.allocate_tensors()
    spent = []
    for _ in range(30):
        begun = time.process_time()
        net.invoke()
        spent.append(time.process_time() - begun)
    return any(op["op_name"] == "DELEGATE" for op in net._get_ops_details()), 1000 * min(spent)


real, _ = tried(convolution(False), [])
plain, plain_ms = tried(convolution(True), [])
asked, asked_ms = tried(convolution(True), [Int8Delegate()])
print("tflite-runtime", tflite_runtime.__version__, "default flags of its XNNPACK delegate:", defaults.flags)
print("float32 goes to XNNPACK by default:", real)
print(f"INT8 goes to XNNPACK by default: {plain}, {plain_ms:.2f} ms of processor time")
print(f"INT8 with the delegate and its flag: {asked}, {asked_ms:.2f} ms")
sys.exit(not (real and not plain and asked))
PYTHON
