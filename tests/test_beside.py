"""The rules behind the other systems of studies/beside_others.py, and the page that it writes."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

STUDIES = Path(__file__).parent.parent / "studies"


@pytest.fixture
def rules() -> ModuleType:
    # the programs of other environments import it by its bare name, as its folder is theirs
    spec = importlib.util.spec_from_file_location("beside_rules", STUDIES / "beside" / "workers" / "rules.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("scale", [1.0, 40.0])
@pytest.mark.parametrize(("half_height", "ratio"), [(0.5, 1 / 3), (0.1, 1 / 15), (0.0, 0.0)])
def test_an_eye_is_as_open_as_it_is_high_for_its_width(
    rules: ModuleType, scale: float, half_height: float, ratio: float
) -> None:
    eye = [(0, 0), (1, half_height), (2, half_height), (3, 0), (2, -half_height), (1, -half_height)]
    assert rules.eye_aspect_ratio([(x * scale, y * scale) for x, y in eye]) == pytest.approx(ratio)


@pytest.mark.parametrize("fps", [5, 10, 15, 30])
def test_a_closure_is_told_once_and_at_its_limit_at_any_rate(rules: ModuleType, fps: int) -> None:
    closure = rules.Lasting(1.0)
    told = [i / fps for i in range(5 * fps) if closure.add(i / fps, 2.0 <= i / fps < 4.0)]
    assert told == [3.0]


def test_a_moment_of_open_eyes_or_no_face_starts_the_time_anew(rules: ModuleType) -> None:
    closure = rules.Lasting(1.0)
    shut = {i / 10: i != 8 for i in range(30)}
    assert [t for t, on in shut.items() if closure.add(t, on)] == [1.9]


def test_a_pace_keeps_its_rate_when_frames_come_faster(rules: ModuleType) -> None:
    pace = rules.Pace(5.0)
    assert sum(pace.due(i / 15) for i in range(150)) == 50


def test_the_page_tells_what_was_measured_and_what_a_system_does_not_know(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(STUDIES))
    page = importlib.import_module("beside.page")
    results = importlib.import_module("beside.results")
    tally = {"found": 5, "demanded": 6, "delays_s": (1.0, 1.2, 3.5), "false_alarms": 2, "an_hour": (12.5, 1.5, 45.0)}
    rows = [
        results.Row("ours", "dms 1", 2.125, 0.5, 95.2, 240.0, {"fatigue": results.Found.of(tally)}),
        results.Row("theirs", "it 2", 24.0, 6.0, 500.0, 2000.0, {}),
    ]
    budget = results.Budget("a replay over theirs", 3, (0.75, 0.25), (0.8, 0.4))
    about = dict.fromkeys(("command", "date", "commit", "machine"), "x") | {"clips": 66, "hours": 0.16, "rounds": 3}
    text = page.write(rows, [budget], "told of shares", about, trained=False)
    lines = text.splitlines()
    assert "| ours | 5 of 6 | 1.20 (3.50) | 12.5 (1.5 to 45.0) | - | - | - |" in lines
    assert "| theirs | - | - | - | - | - | - |" in lines
    assert "| ours | dms 1 | 2.12 | 0.50 | 95 | 240 |" in lines
    assert "| a replay over theirs | 0.75 (0.8) | 0.25 (0.4) | 3 |" in lines
    assert "untrained" in text
    assert "trained by `dms train cnn10`" in page.write(rows, [budget], "told of shares", about, trained=True)


def test_a_ratio_is_the_median_of_pairs_not_the_ratio_of_medians(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(STUDIES))
    meter = importlib.import_module("beside.meter")
    # the machine was twice as slow in the second pair, for both
    assert meter.ratio([1.0, 2.0, 1.5], [2.0, 4.0, 2.0]) == 0.5
