"""What stands in a ``.tflite`` file: read, changed and written again without running it.

Takes a file, gives the objects of its flatbuffer schema, the numbers of its fixed tensors, and the bytes of a changed
one. The schema is TensorFlow's, read without TensorFlow itself, which takes seconds to import and does not load beside
PyTorch. No interpreter is needed, so that none can fail.
"""

import importlib.util
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dms.errors import UserError, WorldError

_IDENTIFIER = b"TFL3"


@cache
def schema() -> Any:
    """The module with the classes of a ``.tflite`` file.

    Raises:
        WorldError: TensorFlow is not installed.
    """
    found = importlib.util.find_spec("tensorflow")
    places = list(found.submodule_search_locations or ()) if found is not None else []
    for place in places:
        path = Path(place, "lite", "python", "schema_py_generated.py")
        spec = importlib.util.spec_from_file_location("schema_py_generated", path)
        if path.is_file() and spec is not None and spec.loader is not None:
            module = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
            return module
    raise WorldError("TensorFlow, which has the schema of .tflite files, is not installed: pip install '.[train]'")


def read(file: Path) -> Any:
    """The ``ModelT`` of a file.

    Raises:
        UserError: It is no ``.tflite`` file.
        WorldError: It cannot be read, or TensorFlow is not installed.
    """
    try:
        packed = file.read_bytes()
    except OSError as error:
        raise WorldError(f"{file} cannot be read: {error.strerror}") from error
    if packed[4:8] != _IDENTIFIER:
        raise UserError(f"{file} is no .tflite file")
    return schema().ModelT.InitFromPackedBuf(packed, 0)


def write(model: Any, file: Path) -> Path:
    """Write a ``ModelT`` as a file, in a folder that is made if need be."""
    import flatbuffers  # noqa: PLC0415 - comes with TensorFlow

    builder = flatbuffers.Builder(1 << 20)
    builder.Finish(model.Pack(builder), _IDENTIFIER)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(bytes(builder.Output()))
    return file


def fixed(model: Any, tensor: Any) -> npt.NDArray[Any] | None:
    """The numbers of a ``TensorT`` that the file fixes, INT8 or INT32 in its shape; None for any other."""
    types = schema().TensorType
    kind = {types.INT8: np.int8, types.INT32: np.int32}.get(tensor.type)
    data = model.buffers[tensor.buffer].data
    if kind is None or data is None or not len(data):
        return None
    return np.frombuffer(np.asarray(data, np.uint8).tobytes(), kind).reshape(np.asarray(tensor.shape, int))


def name_of(tensor: Any) -> str:
    """The name of a ``TensorT``: bytes as it is read, text as it is made."""
    return tensor.name.decode() if isinstance(tensor.name, bytes) else str(tensor.name)
