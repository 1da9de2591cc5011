"""The first hour with forty drives: what the page shows is run, in its order."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from dms.demo import SAMPLE_DRIVE
from dms.observation import HeadPose, Observation
from dms.records.trace import TraceHeader, TraceWriter

PAGE = (Path(__file__).parent.parent / "docs" / "first-hour.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def commands() -> list[list[str]]:
    """The commands of the page but for those that install or drive."""
    lines = "".join(blocks("sh")).replace("\\\n", " ").splitlines()
    return [shlex.split(line)[1:] for line in lines if line.startswith("dms ") and not line.startswith("dms run")]


def dms(folder: Path, *arguments: str) -> str:
    run = subprocess.run(
        [sys.executable, "-m", "dms", *arguments],
        cwd=folder, capture_output=True, text=True, check=False, env={**os.environ, "COLUMNS": "200"},
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    return run.stdout


@pytest.mark.slow
def test_the_page_leads_from_a_folder_to_tuned_limits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("pyarrow", "pandas", "duckdb", "bokeh"):
        pytest.importorskip(module, reason=f"{module} is not installed")
    for name in ("monday/front", "friday"):
        drive = tmp_path / "drives" / f"{name}.mp4"
        drive.parent.mkdir(parents=True, exist_ok=True)
        drive.write_bytes(SAMPLE_DRIVE.read_bytes())
        drive.with_suffix(".events.csv").write_bytes(SAMPLE_DRIVE.with_suffix(".events.csv").read_bytes())
    said = {}
    for command in commands():
        said[command[0]] = dms(tmp_path, *command)
        if command[0] == "score" and "--against" not in command:
            # the programs stand where the results are there and nothing is tuned yet
            assert "2 labelled drives" in said["score"]
            names = run_programs(tmp_path, monkeypatch)
            assert sorted(names["table"].index) == ["friday.mp4", "monday/front.mp4"]
            assert (names["table"]["alerts"] == 2).all()
            longest = names["closures"].head(2)
            assert sorted(longest["drive"]) == ["friday.mp4", "monday/front.mp4"]
            assert longest["told"].str.contains("fatigue/asleep update").all()
    assert "the same over the drives that were held out" in said["tune"]
    assert "nothing changed" in said["score"]
    assert (tmp_path / "tuned" / "tuned.toml").is_file()
    assert "monday/front" in (tmp_path / "report.html").read_text(encoding="utf-8")


def run_programs(folder: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    names: dict[str, Any] = {}
    with monkeypatch.context() as patch:
        patch.chdir(folder)
        for program in blocks("python"):
            exec(program, names)
    return names


def test_shares_are_of_time_and_not_of_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("pyarrow", "pandas", "duckdb"):
        pytest.importorskip(module, reason=f"{module} is not installed")
    # closed for 20 s of 100 s, in which the camera gives 5 frames a second instead of 25
    times = [i / 25 for i in range(2000)] + [80 + i / 5 for i in range(100)]
    with TraceWriter(tmp_path / "trace.jsonl", TraceHeader("uneven", "s")) as trace:
        for t in times:
            eye = 0.95 if t >= 80 else 0.03
            trace.write(Observation(t, face=True, pose=HeadPose(0.0, 0.0, 0.0), left_eye=eye, right_eye=eye))
    dms(tmp_path, "replay", "trace.jsonl", "--out", "out")
    names = run_programs(tmp_path, monkeypatch)
    (drive,) = names["table"].itertuples()
    assert drive.closed == pytest.approx(0.2, abs=0.01)
    assert drive.minutes == pytest.approx(99.8 / 60, abs=0.01)
    (closure,) = names["closures"].itertuples()
    assert (closure.start_s, closure.closed_s) == (80.0, pytest.approx(19.8, abs=0.3))
    assert closure.told.startswith("fatigue/microsleep start, fatigue/asleep update, fatigue/unresponsive update")
    states = names["states"]
    rows = (states["eyes"] == "closed").mean()
    assert rows == pytest.approx(100 / 2100, abs=0.01), "by rows it would be a quarter of that"
