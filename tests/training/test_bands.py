"""One more output for a net that ships: the others stay as they were; skipped without the extra."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from dms.models import find_model
from dms.training.bands import BANDS, with_head, with_means

if importlib.util.find_spec("tensorflow") is None:
    pytest.skip("needs the extra train", allow_module_level=True)
pytestmark = pytest.mark.train

SHIPPED = find_model("emotion").path
CHANNELS = 160


def answers(file: Path, shape: str, pictures: npt.NDArray[np.uint8]) -> list[npt.NDArray[np.float32]]:
    """The three outputs for every picture; in a process of its own, which has no PyTorch."""
    script = (
        "import sys, numpy as np; from pathlib import Path; from dms.perception.engine import Model\n"
        "file, given, out = map(Path, sys.argv[1:4])\n"
        "model = Model(file, (48, 48, 1), [(7,), (8,), tuple(map(int, sys.argv[4].split('x')))])\n"
        "np.savez(out, *map(np.stack, zip(*map(model.run, np.load(given)))))\n"
    )
    given, out = file.with_suffix(".npy"), file.with_suffix(".npz")
    np.save(given, pictures)
    subprocess.run([sys.executable, "-c", script, file, given, out, shape], check=True)
    with np.load(out) as made:
        return [made[name] for name in ("arr_0", "arr_1", "arr_2")]


def test_a_new_output_is_right_and_the_others_are_the_same_to_the_bit(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    pictures = rng.integers(0, 256, (5, 48, 48), np.uint8)
    weights, bias = (
        rng.normal(0, 0.05, (3, BANDS * CHANNELS)).astype(np.float32),
        np.array([0.5, -0.2, 0.1], np.float32),
    )
    before = tmp_path / "before.tflite"
    before.write_bytes(SHIPPED.read_bytes())
    old = answers(before, "3", pictures)
    means = answers(with_means(SHIPPED, tmp_path / "means.tflite"), f"{BANDS}x1x{CHANNELS}", pictures)
    new = answers(with_head(SHIPPED, tmp_path / "head.tflite", weights, bias), "3", pictures)
    for head in range(2):
        assert (old[head] == new[head]).all()
        assert (old[head] == means[head]).all()
    logits = means[2].reshape(len(pictures), -1) @ weights.T + bias
    shares = np.exp(logits - logits.max(1, keepdims=True))
    assert new[2] == pytest.approx(shares / shares.sum(1, keepdims=True), abs=0.03)


def test_an_output_replaces_the_one_before_it(tmp_path: Path) -> None:
    weights, bias = np.full((3, BANDS * CHANNELS), 0.1, np.float32), np.zeros(3, np.float32)
    once = with_head(SHIPPED, tmp_path / "once.tflite", weights, bias)
    twice = with_head(once, tmp_path / "twice.tflite", weights, bias)
    assert once.read_bytes() == twice.read_bytes()
    assert once.stat().st_size == SHIPPED.stat().st_size
