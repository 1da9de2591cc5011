"""Traces from before the nets told lowered lids, frowns and wide mouths are judged by what they have, as they were."""

import json
from pathlib import Path
from typing import Any

import pytest

from dms.config import Config
from dms.replay.replay import replay_drives

RATE, AWAKE_S = 10, 65
OPEN = {"left_eye": 0.04, "right_eye": 0.04, "yawn": 0.03, "pose": [0.0, 0.0, 0.0]}
CALM = [0.7, 0.05, 0.05, 0.1, 0.03, 0.03, 0.02, 0.02]
RAGE = [0.05, 0.0, 0.0, 0.05, 0.9, 0.0, 0.0, 0.0]


def events(folder: Path, told: list[tuple[float, dict[str, Any]]]) -> list[tuple[str, str, float]]:
    """What comes of a driver who is awake, then as told for so many seconds each; level, phase and seconds since."""
    rows: list[dict[str, Any]] = []
    for seconds, seen in [(AWAKE_S, {}), *told, (15.0, {})]:
        emotions = seen.get("emotions", CALM)
        for _ in range(round(seconds * RATE)):
            row = {"t": round(len(rows) / RATE, 3), "view": "clear", "face": True, "face_score": 0.95}
            rows.append({**row, "box": [100, 80, 90, 90], **OPEN, **seen, "emotions": emotions})
    file = folder / "old" / "trace.jsonl"
    file.parent.mkdir()
    header = {"trace_version": 2, "drive": "old.mp4", "session": "7050e918-209f-5598-a267-69d55db5df5f"}
    file.write_text("\n".join(map(json.dumps, [header, *rows])) + "\n")
    replay_drives([file], Config(), folder / "out")
    lines = map(json.loads, (folder / "out" / "events.jsonl").read_text().splitlines())
    return [(one["level"], one["phase"], round(one["t"] - AWAKE_S, 1)) for one in lines]


@pytest.mark.parametrize(("pitch", "told_s"), [(0.0, 1.0), (-6.0, 2.0)], ids=["still", "went down with the lids"])
def test_lids_are_judged_by_the_head_alone(tmp_path: Path, pitch: float, told_s: float) -> None:
    shut = {"left_eye": 0.95, "right_eye": 0.95, "pose": [0.0, pitch, 0.0]}
    (start, end) = events(tmp_path, [(2.6, shut)])
    assert start[:2] == ("microsleep", "start")
    assert start[2] == pytest.approx(told_s, abs=0.15)
    assert end[:2] == ("microsleep", "end")


def test_anger_is_that_of_the_emotions(tmp_path: Path) -> None:
    told = events(tmp_path, [(20.0, {"emotions": RAGE})])
    assert list(dict.fromkeys(level for level, _, _ in told)) == ["irritated", "angry"]


def test_readings_with_a_wide_mouth_say_nothing_of_anger(tmp_path: Path) -> None:
    wide = {"emotions": RAGE, "yawn": 0.95}
    assert events(tmp_path, [(20.0, wide)]) == []
