"""The guard of speed tells a clear regression from noise, and knows both sets of packages."""

import importlib.util
import json
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).parent.parent / "scripts" / "guard_speed.py"


@pytest.fixture
def guard(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "OPENCV_FOR_THREADS_NUM"):
        # the script sets what is not set; this takes it back
        monkeypatch.setenv(name, "1")
    spec = importlib.util.spec_from_file_location("guard_speed", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_quarter_more_is_noise_and_beyond_it_a_regression(guard: ModuleType) -> None:
    baseline = {"frame_over_nets": 2.0, "frame_over_decoding": 4.0}
    assert guard.regressions({"frame_over_nets": 2.5, "frame_over_decoding": 3.0}, baseline) == []
    (line,) = guard.regressions({"frame_over_nets": 2.0, "frame_over_decoding": 5.1}, baseline)
    assert line.startswith("frame_over_decoding is 5.10")


def test_a_ratio_that_is_no_longer_measured_is_an_error(guard: ModuleType) -> None:
    with pytest.raises(KeyError):
        guard.regressions({}, {"frame_over_nets": 2.0})


@pytest.mark.slow
def test_the_committed_baseline_has_every_ratio_of_both_runtimes(guard: ModuleType) -> None:
    baselines = json.loads(guard.BASELINE.read_text(encoding="utf-8"))
    assert set(baselines) == {"tflite-runtime", "ai-edge-litert"}
    assert guard.runtime() in baselines
    ratios = guard.measure()
    assert all(set(ratios) == set(baseline) for baseline in baselines.values())
    # the nets and the rest around them: nothing is free
    assert ratios["frame_over_nets"] > 1
