"""What ``dms bench`` measures, and the table that an owner sends."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from dms.config import Config
from dms.demo import SAMPLE_DRIVE
from dms.models import find_model
from dms.perception.engine import bare_run, runtime_version
from dms.replay.bench import BenchResult, Ratios, Stage, run_bench
from dms.replay.bench_table import BenchTable, Machine


@pytest.fixture(scope="module")
def second_of_a_drive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    reader, path = cv2.VideoCapture(str(SAMPLE_DRIVE)), tmp_path_factory.mktemp("bench") / "second.mp4"
    size = (int(reader.get(cv2.CAP_PROP_FRAME_WIDTH)), int(reader.get(cv2.CAP_PROP_FRAME_HEIGHT)))
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 15.0, size)
    for _ in range(15):
        writer.write(np.asarray(reader.read()[1]))
    writer.release()
    return path


def test_a_video_with_a_face_has_both_ratios(second_of_a_drive: Path) -> None:
    result = run_bench(Config(), str(second_of_a_drive))
    assert result.frames == 15
    assert result.ratios.frame_over_nets is not None
    assert result.ratios.frame_over_nets > 0
    assert result.ratios.replay_over_decoding is not None
    assert result.ratios.replay_over_decoding > 0
    assert "whole frame over its nets alone" in result.text()


def test_pictures_without_a_face_have_no_ratio(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "1.jpg"), np.full((120, 160, 3), 90, np.uint8))
    result = run_bench(Config(), str(tmp_path))
    assert result.ratios == Ratios(None, None)
    assert result.to_json()["ratios"] == {"frame_over_nets": None, "replay_over_decoding": None}


def test_a_net_alone_takes_one_picture_a_run() -> None:
    invoke, pictures = bare_run(find_model("landmarks").path)
    invoke()
    assert pictures == 1


def test_the_table_has_machine_stages_ratios_and_heat() -> None:
    machine = Machine(
        "Raspberry Pi 5", 4, 0.25, "Debian, aarch64, kernel 6.6", "dms 1, Python 3.11, tflite-runtime 2.14.0", 48.2
    )
    stages = {"eyes": Stage(10, 0.8, 1.2)}
    result = BenchResult("drive.mp4", 12, Stage(12, 4.5, 6.0), stages, Ratios(1.25, None), 210.0, 9000.0, 91.4)
    lines = BenchTable(machine, result, None).text().splitlines()
    assert lines[:2] == ["| what | measured |", "| --- | --- |"]
    assert "| machine | Raspberry Pi 5, 4 cores, load 0.25 |" in lines
    assert "| eyes, ms | 0.80 (95 % 1.20, 10 runs) |" in lines
    assert "| whole frame over its nets alone | 1.25 |" in lines
    assert "| replay over decoding alone | - |" in lines
    assert "| temperature before and after | 48 °C, unknown |" in lines


def test_this_machine_says_what_it_is() -> None:
    machine = Machine.here(Config().perception)
    assert machine.model
    assert runtime_version() in machine.program
