"""Runs one TFLite model. The only file that knows TFLite.

Takes a ``.tflite`` file with full-INT8 input and outputs, gives arrays of real values. ``tflite-runtime`` and
``ai-edge-litert`` have the same Interpreter. Where both are installed LiteRT is taken: it has newer kernels.
"""

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dms.config.perception import Runtime
from dms.errors import UserError
from dms.perception.xnnpack import Xnnpack, int8_delegates

FloatArray = npt.NDArray[np.float32]
Numbers = npt.NDArray[np.int8] | FloatArray

_IDENTIFIER = b"TFL3"
"""Bytes 4 to 8 of every TFLite file."""
_MODULES: dict[Runtime, str] = {"litert": "ai_edge_litert.interpreter", "tflite-runtime": "tflite_runtime.interpreter"}
"""In the order in which ``auto`` tries them."""


def _interpreter_class(runtime: Runtime) -> Any:
    wanted = _MODULES if runtime == "auto" else (runtime,)
    for name in wanted:
        try:
            return importlib.import_module(_MODULES[name]).Interpreter
        except ImportError:
            continue
    if runtime != "auto":
        # ai-edge-litert by itself would bring numpy 2, which OpenCV 4.11 and tflite-runtime cannot use
        package = "'dms[litert]'" if runtime == "litert" else runtime
        raise UserError(f'perception.runtime is "{runtime}", which cannot be imported here: pip install {package}')
    raise UserError("no TFLite runtime: pip install tflite-runtime (Python 3.11) or ai-edge-litert (3.12 and later)")


def _interpreter(content: bytes, threads: int, runtime: Runtime) -> Any:
    """A net that is ready to run, by the fastest kernels for INT8 that its runtime has."""
    interpreter_class = _interpreter_class(runtime)
    lacking = interpreter_class.__module__ == _MODULES["tflite-runtime"]
    if lacking and (delegates := int8_delegates(threads)):
        try:
            return _ready(interpreter_class, content, threads, delegates)
        except RuntimeError:
            # what XNNPACK refuses as a whole (an untrained ResNet did so) the other kernels may still run
            pass
    return _ready(interpreter_class, content, threads, [])


def _ready(interpreter_class: Any, content: bytes, threads: int, delegates: list[Xnnpack]) -> Any:
    interpreter = interpreter_class(model_content=content, num_threads=threads, experimental_delegates=delegates)
    interpreter.allocate_tensors()
    return interpreter


@dataclass(frozen=True)
class Quantisation:
    """How an output's integers stand for real values; the default leaves real values as they are.

    Attributes:
        scale: Real value of one step.
        zero_point: The integer that stands for 0.
    """

    scale: float = 1.0
    zero_point: int = 0

    def real(self, numbers: Numbers) -> FloatArray:
        """Any part of an output as real values, float32, in the same shape."""
        if numbers.dtype == np.int8:
            # looked up: one pass instead of three
            steps: Any = numbers
            looked_up: FloatArray = self._levels.take(steps)
            return looked_up
        return np.asarray((numbers - self.zero_point) * np.float32(self.scale), np.float32)

    @cached_property
    def _levels(self) -> FloatArray:
        """What every integer stands for, (256,): 0 to 127, then -128 to -1, as Python counts from the end."""
        integers = np.arange(256).astype(np.uint8).view(np.int8)
        levels: FloatArray = (integers.astype(np.float32) - self.zero_point) * np.float32(self.scale)
        return levels


class Model:
    """An INT8 model that is loaded and ready.

    The input is one grey or colour picture, uint8. The models are quantised with scale 1/255 and zero point -128,
    so that ``int8 = uint8 - 128`` and no arithmetic on pixels is needed. Outputs are told apart by their shape.

    Args:
        path: The ``.tflite`` file.
        input_shape: (height, width, channels) that the caller will give.
        output_shapes: Shapes without the batch axis, in the order in which ``run`` returns them.
        threads: CPU threads for this model; more than one is slower for nets this small.
        runtime: What runs it.

    Raises:
        UserError: The file is no model, has other shapes or types, or the runtime cannot run it or is not installed.
    """

    def __init__(
        self,
        path: Path,
        input_shape: tuple[int, int, int],
        output_shapes: Sequence[tuple[int, ...]],
        threads: int = 1,
        runtime: Runtime = "auto",
    ) -> None:
        # given a path, the runtime maps the file: one that is overwritten or truncated would end the program
        self._content = path.read_bytes()
        # the runtime crashes on some files that are no models; a damaged model is caught by its hash
        if self._content[4:8] != _IDENTIFIER:
            raise UserError(f"{path} is not a TFLite model")
        try:
            self._interpreter = _interpreter(self._content, threads, runtime)
        except (ValueError, RuntimeError) as error:
            raise UserError(f"{path} is not a TFLite model that this machine can run ({_first_line(error)})") from error
        except (AttributeError, ImportError, SystemError) as error:
            # tflite-runtime imports under numpy 2 and fails only here
            raise UserError(
                f"the TFLite runtime does not work with numpy {np.__version__}: pip install 'numpy<2'"
            ) from error
        given, *others = self._interpreter.get_input_details()
        if others:
            raise UserError(f"{path} takes {1 + len(others)} inputs, not one picture")
        shape, quantisation = tuple(int(n) for n in given["shape"]), given["quantization"]
        if shape != (1, *input_shape) or given["dtype"] is not np.int8:
            wanted = "x".join(map(str, input_shape))
            raise UserError(
                f"{path} takes {'x'.join(map(str, shape[1:]))} {given['dtype'].__name__}, not {wanted} int8"
            )
        if quantisation[1] != -128 or abs(quantisation[0] * 255 - 1) > 0.01:
            raise UserError(f"{path} is quantised with {quantisation}, not with scale 1/255 and zero point -128")
        self._input = self._interpreter.tensor(given["index"])
        details = {tuple(int(n) for n in d["shape"][1:]): d for d in self._interpreter.get_output_details()}
        if set(details) != set(output_shapes):
            raise UserError(f"{path} gives outputs of shapes {sorted(details)}, not {sorted(output_shapes)}")
        chosen = [details[s] for s in output_shapes]
        self._output_indices = [d["index"] for d in chosen]
        self.input_shape = input_shape
        self.quantisations = [
            Quantisation(*d["quantization"]) if d["dtype"] is np.int8 else Quantisation() for d in chosen
        ]
        """Of the outputs, in the order given to the constructor."""

    def run(self, picture: npt.NDArray[np.uint8]) -> list[FloatArray]:
        """Run the model on one picture.

        Args:
            picture: (height, width) for one channel or (height, width, channels), uint8, of the model's size.

        Returns:
            The outputs as float32 without the batch axis, in the order given to the constructor.
        """
        outputs = zip(self.quantisations, self.run_quantised(picture), strict=True)
        return [quantisation.real(numbers) for quantisation, numbers in outputs]

    def run_few(self, picture: npt.NDArray[np.uint8]) -> list[float]:
        """``run`` for a model whose outputs are rows of a few numbers, one after the other: plain ones cost less."""
        real: list[float] = []
        for quantisation, numbers in zip(self.quantisations, self.run_quantised(picture), strict=True):
            real += quantisation.real(numbers).tolist()
        return real

    def run_quantised(self, picture: npt.NDArray[np.uint8]) -> list[Numbers]:
        """``run`` without the step to real values, for large outputs of which few values matter.

        Returns:
            The outputs as the net gives them; ``quantisations`` say what they stand for.
        """
        # a view of the net's own input spares a copy; the runtime refuses to run while a name still holds it
        np.subtract(
            picture.reshape(self.input_shape),
            128,
            out=self._input()[0].view(np.uint8),
        )
        self._interpreter.invoke()
        return [self._interpreter.get_tensor(index)[0] for index in self._output_indices]


def bare_run(path: Path, threads: int = 1, runtime: Runtime = "auto") -> tuple[Callable[[], object], int]:
    """Return a net with nothing around it, for whoever measures: no input is given to it and no output taken.

    Args:
        path: A ``.tflite`` file that a ``Model`` has taken.
        threads: CPU threads.
        runtime: What runs it.

    Returns:
        What runs it once, and how many pictures one run takes.
    """
    interpreter = _interpreter(path.read_bytes(), threads, runtime)
    return interpreter.invoke, int(interpreter.get_input_details()[0]["shape"][0])


def runtime_version(runtime: Runtime = "auto") -> str:
    """Return the package that runs the models, with its version."""
    package = str(_interpreter_class(runtime).__module__).partition(".")[0].replace("_", "-")
    return f"{package} {version(package)}"


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]
