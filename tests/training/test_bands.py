"""Further outputs for a net that ships: the others stay as they were; skipped without the extra."""

import importlib.util
import json
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from dms.models import find_model
from dms.training.bands import BANDS, Head, with_heads, with_means

if importlib.util.find_spec("tensorflow") is None:
    pytest.skip("needs the extra train", allow_module_level=True)
pytestmark = pytest.mark.train

SHIPPED = find_model("emotion").path
CHANNELS = 160


def answers(file: Path, shapes: str, pictures: npt.NDArray[np.uint8]) -> list[npt.NDArray[np.float32]]:
    """All outputs for every picture, of these further shapes; in a process of its own, which has no PyTorch."""
    script = (
        "import sys, numpy as np; from pathlib import Path; from dms.perception.engine import Model\n"
        "file, given, out = map(Path, sys.argv[1:4])\n"
        "further = [tuple(map(int, shape.split('x'))) for shape in sys.argv[4].split()]\n"
        "model = Model(file, (48, 48, 1), [(7,), (8,), *further])\n"
        "np.savez(out, *map(np.stack, zip(*map(model.run, np.load(given)))))\n"
    )
    given, out = file.with_suffix(".npy"), file.with_suffix(".npz")
    np.save(given, pictures)
    subprocess.run([sys.executable, "-c", script, file, given, out, shapes], check=True)
    with np.load(out) as made:
        return [made[f"arr_{number}"] for number in range(2 + len(shapes.split()))]


def test_new_outputs_are_right_and_the_others_are_the_same_to_the_bit(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    pictures = rng.integers(0, 256, (5, 48, 48), np.uint8)
    heads = [
        Head(rng.normal(0, 0.05, (count, BANDS * CHANNELS)).astype(np.float32), rng.normal(0, 0.3, count).astype("f4"))
        for count in (3, 2)
    ]
    before = tmp_path / "before.tflite"
    before.write_bytes(SHIPPED.read_bytes())
    old = answers(before, "3 2", pictures)
    means = answers(with_means(SHIPPED, tmp_path / "means.tflite"), f"{BANDS}x1x{CHANNELS}", pictures)
    new = answers(with_heads(SHIPPED, tmp_path / "heads.tflite", heads), "3 2", pictures)
    for output in range(2):
        assert (old[output] == new[output]).all()
        assert (old[output] == means[output]).all()
    for head, said in zip(heads, new[2:], strict=True):
        logits = means[2].reshape(len(pictures), -1) @ head.weights.T + head.bias
        shares = np.exp(logits - logits.max(1, keepdims=True))
        assert said == pytest.approx(shares / shares.sum(1, keepdims=True), abs=0.03)


def test_outputs_replace_those_before_them(tmp_path: Path) -> None:
    heads = [Head(np.full((count, BANDS * CHANNELS), 0.1, np.float32), np.zeros(count, np.float32)) for count in (3, 2)]
    once = with_heads(SHIPPED, tmp_path / "once.tflite", heads)
    twice = with_heads(once, tmp_path / "twice.tflite", heads)
    assert once.read_bytes() == twice.read_bytes()
    assert once.stat().st_size == SHIPPED.stat().st_size


def test_a_file_from_before_frowns_is_evaluated_with_the_same_answers(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    rows = [f"{k % 7},{' '.join(map(str, rng.integers(0, 256, 2304)))},PublicTest" for k in range(14)]
    (tmp_path / "fer2013.csv").write_text("\n".join(["emotion,pixels,Usage", *rows]))
    head = Head(np.full((3, BANDS * CHANNELS), 0.1, np.float32), np.zeros(3, np.float32))
    older = with_heads(SHIPPED, tmp_path / "older.tflite", [head])
    card = json.loads(SHIPPED.with_suffix(".json").read_text())
    older.with_suffix(".json").write_text(
        json.dumps({**card, "outputs": card["outputs"][:3], "sha256": sha256(older.read_bytes()).hexdigest()})
    )
    assert answer_of(older, tmp_path / "fer2013.csv") == answer_of(SHIPPED, tmp_path / "fer2013.csv")


def answer_of(model: Path, data: Path) -> dict[str, Any]:
    """What `dms evaluate emotion` finds on original labels, but for latency and the file's name."""
    command = [sys.executable, "-m", "dms", "evaluate", "emotion", str(data), "--usage", "PublicTest", "--json"]
    done = subprocess.run([*command, "--model", str(model)], check=True, capture_output=True, text=True)
    report: dict[str, Any] = json.loads(done.stdout)
    return {name: value for name, value in report.items() if name not in {"latency", "model"}}
