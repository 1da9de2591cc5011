"""One more output for a net that ships: the others stay as they were; skipped without the extra."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from dms.models import find_model
from dms.perception.engine import Model
from dms.training.bands import BANDS, with_head, with_means

if importlib.util.find_spec("tensorflow") is None:
    pytest.skip("needs the extra train", allow_module_level=True)
pytestmark = pytest.mark.train

SHIPPED = find_model("emotion").path
CHANNELS = 160


def test_a_new_output_is_right_and_the_others_are_the_same_to_the_bit(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    weights, bias = (
        rng.normal(0, 0.05, (3, BANDS * CHANNELS)).astype(np.float32),
        np.array([0.5, -0.2, 0.1], np.float32),
    )
    means = Model(with_means(SHIPPED, tmp_path / "means.tflite"), (48, 48, 1), [(7,), (8,), (BANDS, 1, CHANNELS)])
    before, after = (
        Model(file, (48, 48, 1), [(7,), (8,), (3,)])
        for file in (SHIPPED, with_head(SHIPPED, tmp_path / "head.tflite", weights, bias))
    )
    for picture in rng.integers(0, 256, (5, 48, 48), np.uint8):
        old, new = before.run_quantised(picture), after.run_quantised(picture)
        assert all((a == b).all() for a, b in zip(old[:2], new[:2], strict=True))
        logits = weights @ means.run(picture)[2].ravel() + bias
        shares = np.exp(logits - logits.max())
        assert after.run(picture)[2] == pytest.approx(shares / shares.sum(), abs=0.03)


def test_an_output_replaces_the_one_before_it(tmp_path: Path) -> None:
    weights, bias = np.full((3, BANDS * CHANNELS), 0.1, np.float32), np.zeros(3, np.float32)
    once = with_head(SHIPPED, tmp_path / "once.tflite", weights, bias)
    twice = with_head(once, tmp_path / "twice.tflite", weights, bias)
    assert once.read_bytes() == twice.read_bytes()
    assert once.stat().st_size == SHIPPED.stat().st_size
