"""XNNPACK for the INT8 nets of ``tflite-runtime``, whose last release leaves them to its slower kernels.

Its 2.14.0 has XNNPACK inside and switches it on for real numbers only; LiteRT has it on for integers too. The library
exports the C functions with which a program makes that delegate itself. They are called here as
``tensorflow/lite/delegates/xnnpack/xnnpack_delegate.h`` of TensorFlow 2.14 declares them, and of no other version:
a structure that differs would be written past its end.
"""

import ctypes
import importlib
from enum import IntFlag

_VERSION = "2.14.0"


class _Flag(IntFlag):
    """``TFLITE_XNNPACK_DELEGATE_FLAG_...``."""

    QS8 = 1
    """Signed 8-bit integers, of which the nets are made."""


class _Options(ctypes.Structure):
    """``TfLiteXNNPackDelegateOptions``."""

    _fields_ = (
        ("num_threads", ctypes.c_int32),
        ("flags", ctypes.c_uint32),
        ("weights_cache", ctypes.c_void_p),
        ("handle_variable_ops", ctypes.c_bool),
    )


class Xnnpack:
    """A delegate in the form that ``tflite_runtime.interpreter.Interpreter`` takes, for one interpreter.

    The interpreter holds it for as long as it lives itself. What XNNPACK cannot run stays with the other kernels.

    Args:
        library: The runtime's own library, loaded.
        threads: CPU threads.
    """

    def __init__(self, library: ctypes.CDLL, threads: int) -> None:
        library.TfLiteXNNPackDelegateOptionsDefault.restype = _Options
        options = library.TfLiteXNNPackDelegateOptionsDefault()
        options.num_threads = threads
        options.flags |= _Flag.QS8
        library.TfLiteXNNPackDelegateCreate.argtypes = [ctypes.POINTER(_Options)]
        library.TfLiteXNNPackDelegateCreate.restype = ctypes.c_void_p
        library.TfLiteXNNPackDelegateDelete.argtypes = [ctypes.c_void_p]
        library.TfLiteXNNPackDelegateDelete.restype = None
        self._delete = library.TfLiteXNNPackDelegateDelete
        self._pointer = library.TfLiteXNNPackDelegateCreate(ctypes.byref(options))
        """None where XNNPACK does not know the processor."""

    def __bool__(self) -> bool:
        return self._pointer is not None

    def _get_native_delegate_pointer(self) -> int:
        """What the interpreter asks a delegate for."""
        return int(self._pointer)

    def __del__(self) -> None:
        # the interpreter lets go of itself before it lets go of its delegates
        self._delete(self._pointer)


def int8_delegates(threads: int) -> list[Xnnpack]:
    """Return the delegate that ``tflite-runtime`` lacks, for one interpreter.

    Args:
        threads: CPU threads.

    Returns:
        One delegate; none with another release of the runtime, and none where its library has no XNNPACK to offer
        (32-bit ARM) or XNNPACK does not know the processor: the nets run all the same.
    """
    if importlib.import_module("tflite_runtime").__version__ != _VERSION:
        return []
    wrapper = importlib.import_module("tflite_runtime._pywrap_tensorflow_interpreter_wrapper")
    library = ctypes.CDLL(str(wrapper.__file__))
    if not hasattr(library, "TfLiteXNNPackDelegateCreate"):
        return []
    delegate = Xnnpack(library, threads)
    return [delegate] if delegate else []
