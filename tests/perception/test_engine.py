"""The engine: a model that is not what it should be is told in one line; one that is, runs."""

import json
import shutil
import subprocess
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from dms.errors import UserError
from dms.models import MODEL_NAMES, find_model, load_verified, models_dir
from dms.perception.engine import Model
from dms.perception.xnnpack import int8_delegates

FACE = ((120, 160, 1), [(15, 20, 1), (15, 20, 4)])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the shipped models that a test may spoil."""
    for path in models_dir().glob("face.*"):
        shutil.copy(path, tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", MODEL_NAMES)
def test_every_shipped_model_is_the_one_its_card_describes(name: str) -> None:
    model = load_verified(name, None)
    assert model.path.stat().st_size == model.card["bytes"]


def test_outputs_come_in_the_order_asked_for_as_real_values() -> None:
    shape, outputs = FACE
    model = Model(find_model("face").path, shape, outputs)
    heat, boxes = model.run(np.zeros(shape[:2], np.uint8))
    assert (heat.shape, boxes.shape) == tuple(outputs)
    assert heat.dtype == np.float32
    assert 0 <= heat.min() <= heat.max() <= 1


def test_an_answer_is_not_overwritten_by_the_next() -> None:
    shape, outputs = FACE
    model = Model(find_model("face").path, shape, outputs)
    first = model.run(np.zeros(shape[:2], np.uint8))[0]
    kept = first.copy()
    model.run(np.random.default_rng(0).integers(0, 256, shape[:2]).astype(np.uint8))
    assert np.array_equal(first, kept)


@pytest.mark.parametrize("content", [b"", b"no model at all", find_model("face").path.read_bytes()[4:]])
def test_a_file_that_is_no_model_is_told(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "face.tflite"
    path.write_bytes(content)
    with pytest.raises(UserError, match="not a TFLite model") as raised:
        Model(path, *FACE)
    assert "\n" not in str(raised.value)


def test_a_truncated_model_is_refused_by_its_hash(folder: Path) -> None:
    path = folder / "face.tflite"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(UserError, match="not the one its card describes"):
        load_verified("face", folder)


def test_a_model_with_another_input_is_told_with_both_shapes() -> None:
    with pytest.raises(UserError, match=r"takes 120x160x1 int8, not 96x96x1 int8"):
        Model(find_model("face").path, (96, 96, 1), FACE[1])


def test_a_model_with_other_outputs_is_told_with_both_shapes() -> None:
    with pytest.raises(UserError, match=r"gives outputs of shapes .*15, 20, 1.* not \[\(3,\)\]"):
        Model(find_model("face").path, FACE[0], [(3,)])


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda folder: (folder / "face.json").unlink(), "face.json is missing"),
        (lambda folder: (folder / "face.tflite").unlink(), "face.tflite is missing"),
        (lambda folder: (folder / "face.json").write_text("{"), "is not JSON"),
        (lambda folder: (folder / "face.json").write_text(json.dumps({"name": "face"})), "has no sha256"),
    ],
)
def test_a_model_without_a_sound_card_is_told(folder: Path, spoil: object, words: str) -> None:
    spoil(folder)  # type: ignore[operator]
    with pytest.raises(UserError, match=words):
        find_model("face", folder)


@pytest.mark.skipif(find_spec("tflite_runtime") is None, reason="tflite-runtime is not installed (Python 3.11 has it)")
class TestXnnpack:
    """tflite-runtime 2.14.0 runs INT8 nets by XNNPACK where its library has it."""

    def test_it_runs_every_net_and_answers_as_the_plain_kernels_do(self) -> None:
        interpreter = import_module("tflite_runtime.interpreter").Interpreter
        for name in MODEL_NAMES:
            answers = []
            for delegates in ([], int8_delegates(1)):
                net = interpreter(str(find_model(name).path), num_threads=1, experimental_delegates=delegates)
                net.allocate_tensors()
                given = net.get_input_details()[0]
                noise = np.random.default_rng(0).integers(-128, 128, given["shape"]).astype(np.int8)
                net.set_tensor(given["index"], noise)
                net.invoke()
                answers.append([net.get_tensor(output["index"]) for output in net.get_output_details()])
            for plain, fast in zip(*answers, strict=True):
                step = 1 if plain.dtype == np.int8 else np.ptp(plain) / 255
                assert np.abs(plain.astype(float) - fast).max() <= 12 * step, name

    def test_the_engine_makes_it(self) -> None:
        assert "XNNPACK" in printed(
            "from dms.models import find_model\n"
            "from dms.perception.engine import bare_run\n"
            "bare_run(find_model('face').path)\n"
        )

    def test_another_release_keeps_its_own_kernels(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("tflite_runtime.__version__", "2.13.0")
        assert int8_delegates(1) == []

    def test_a_library_without_it_keeps_its_own_kernels(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("ctypes.CDLL", lambda path: object())
        assert int8_delegates(1) == []

    def test_a_net_that_it_refuses_runs_by_the_plain_kernels(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """An untrained ResNet of 45 MB was refused; none that a test could hold is known."""
        runtime = import_module("tflite_runtime.interpreter")
        asked = []

        class Refusing(runtime.Interpreter):  # type: ignore[misc, name-defined]
            def __init__(self, *, experimental_delegates: list[object], **more: object) -> None:
                asked.append(len(experimental_delegates))
                if experimental_delegates:
                    raise RuntimeError("failed to create XNNPACK runtime")
                super().__init__(**more)

        Refusing.__module__ = runtime.Interpreter.__module__
        monkeypatch.setattr(runtime, "Interpreter", Refusing)
        net = Model(find_model("mouth").path, (48, 48, 1), [(3,)], runtime="tflite-runtime")
        assert net.run(np.full((48, 48), 90, np.uint8))[0].sum() == pytest.approx(1, abs=0.02)
        assert asked == [1, 0]

    def test_it_is_given_back_with_its_interpreter(self) -> None:
        printed_sizes = printed(
            "import resource\n"
            "from dms.models import find_model\n"
            "from dms.perception.engine import bare_run\n"
            "path = find_model('emotion').path\n"
            "for rounds in (20, 200):\n"
            "    for _ in range(rounds):\n"
            "        bare_run(path)[0]()\n"
            "    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)\n"
        )
        after_few, after_many = [int(line) for line in printed_sizes.splitlines() if line.isdigit()]
        assert after_many - after_few < 20 * 1024, "180 nets of 1 MB each were kept"


def printed(program: str) -> str:
    """What a fresh process writes, on both its outputs."""
    command = [sys.executable, "-c", program]
    return subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=True, timeout=120
    ).stdout


def in_folder(folder: Path, *names: str) -> None:
    """A stand-in for a runtime: only one of the two is installed on most machines."""
    for name in names:
        package = folder / name
        package.mkdir()
        (package / "__init__.py").touch()
        (package / "interpreter.py").write_text(f"class Interpreter:\n    name = {name!r}\n")


@pytest.mark.parametrize(
    ("installed", "wanted", "taken"),
    [
        (("tflite_runtime", "ai_edge_litert"), "auto", "ai_edge_litert"),
        (("tflite_runtime", "ai_edge_litert"), "tflite-runtime", "tflite_runtime"),
        (("tflite_runtime", "ai_edge_litert"), "litert", "ai_edge_litert"),
        (("tflite_runtime",), "auto", "tflite_runtime"),
        (("ai_edge_litert",), "auto", "ai_edge_litert"),
    ],
)
def test_litert_is_taken_where_both_runtimes_are_unless_the_other_is_asked_for(
    tmp_path: Path, installed: tuple[str, ...], wanted: str, taken: str
) -> None:
    in_folder(tmp_path, *installed)
    assert interpreter_of(tmp_path, installed, wanted) == taken


@pytest.mark.parametrize(
    ("installed", "wanted", "words"),
    [
        (("tflite_runtime",), "litert", 'perception.runtime is "litert", which cannot be imported here'),
        (("ai_edge_litert",), "tflite-runtime", "pip install tflite-runtime"),
        ((), "auto", "no TFLite runtime"),
    ],
)
def test_a_runtime_that_is_not_installed_is_told(
    tmp_path: Path, installed: tuple[str, ...], wanted: str, words: str
) -> None:
    in_folder(tmp_path, *installed)
    assert words in interpreter_of(tmp_path, installed, wanted)


def interpreter_of(folder: Path, installed: tuple[str, ...], wanted: str) -> str:
    """The runtime that a fresh process takes with these installed, or what it says of their lack."""
    program = (
        "import sys\n"
        "sys.path.insert(0, sys.argv[1])\n"
        "for name in {'tflite_runtime', 'ai_edge_litert'} - set(sys.argv[3:]):\n"
        "    sys.modules[name] = None\n"
        "from dms.errors import UserError\n"
        "from dms.perception.engine import _interpreter_class\n"
        "try:\n"
        "    print(_interpreter_class(sys.argv[2]).name)\n"
        "except UserError as error:\n"
        "    print(error)\n"
    )
    command = [sys.executable, "-c", program, str(folder), wanted, *installed]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout.strip()
