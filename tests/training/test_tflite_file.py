"""Files of nets, read and written without running them; skipped without the extra."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from dms.errors import UserError, WorldError
from dms.models import find_model
from dms.training.tflite_file import fixed, name_of, read, write

if importlib.util.find_spec("tensorflow") is None:
    pytest.skip("needs the extra train", allow_module_level=True)
pytestmark = pytest.mark.train


@pytest.mark.parametrize("name", ["eyes", "emotion"])
def test_the_fixed_numbers_are_those_that_the_runtime_runs(name: str, tmp_path: Path) -> None:
    file, kept = find_model(name).path, tmp_path / "kept.npz"
    model = read(file)
    found = {str(place): fixed(model, tensor) for place, tensor in enumerate(model.subgraphs[0].tensors)}
    np.savez(kept, **{place: numbers for place, numbers in found.items() if numbers is not None})
    # the runtime cannot load a model in a process that holds PyTorch
    script = (
        "import sys; import numpy as np\n"
        "try:\n    from tflite_runtime.interpreter import Interpreter\n"
        "except ImportError:\n    from ai_edge_litert.interpreter import Interpreter\n"
        "interpreter = Interpreter(sys.argv[1], experimental_preserve_all_tensors=True)\n"
        "interpreter.allocate_tensors()\n"
        "kept = np.load(sys.argv[2]); same = [np.array_equal(kept[n], interpreter.get_tensor(int(n))) for n in kept]\n"
        "assert len(same) > 20 and all(same), same"
    )
    subprocess.run([sys.executable, "-c", script, file, kept], check=True)


@pytest.mark.parametrize("name", ["eyes", "emotion"])
def test_a_file_that_is_written_again_holds_the_same(name: str, tmp_path: Path) -> None:
    before = read(find_model(name).path)
    after = read(write(before, tmp_path / "new" / "again.tflite"))
    for ours, theirs in zip(before.subgraphs[0].tensors, after.subgraphs[0].tensors, strict=True):
        assert name_of(ours) == name_of(theirs)
        one, other = fixed(before, ours), fixed(after, theirs)
        assert (one is None) == (other is None)
        assert one is None or other is None or np.array_equal(one, other)
    assert list(before.subgraphs[0].outputs) == list(after.subgraphs[0].outputs)


def test_what_is_no_net_is_the_callers_fault_and_what_is_missing_the_worlds(tmp_path: Path) -> None:
    (tmp_path / "notes.tflite").write_text("no net")
    with pytest.raises(UserError, match=r"no \.tflite file"):
        read(tmp_path / "notes.tflite")
    with pytest.raises(WorldError, match="cannot be read"):
        read(tmp_path / "absent.tflite")
