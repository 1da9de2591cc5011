"""Load is shed in the stated order when it is hot or frames are lost, and comes back only after a calm while."""

from pathlib import Path

import pytest

from dms.config import CameraSettings, PerceptionSettings
from dms.demo import SAMPLE_DRIVE
from dms.frames.source import open_recording
from dms.perception.perception import Perception
from dms.service.health import cpu_temperature_c
from dms.service.load import COOL_C, DOWN_S, HOT_C, UP_S, Load, LoadShedder
from dms.service.models import Models


class Drive:
    """Fifteen frames a second on a clock of its own, with a thermal zone as the kernel writes it."""

    def __init__(self, folder: Path) -> None:
        self.zone = folder / "temp"
        self.heat(50.0)
        self.shedder = LoadShedder(lambda: cpu_temperature_c(self.zone))
        self._t, self._frames, self._dropped = 0.0, 0, 0
        self.shedder.update(0.0, 0, 0)

    def heat(self, celsius: float) -> None:
        self.zone.write_text(f"{int(celsius * 1000)}\n", encoding="ascii")

    def go(self, seconds: float, lost: float = 0.0) -> Load:
        for _ in range(round(seconds / DOWN_S)):
            self._t += DOWN_S
            self._frames += round(15 * DOWN_S)
            self._dropped += round(15 * DOWN_S * lost)
            self.shedder.update(self._t, self._frames, self._dropped)
        return self.shedder.load


@pytest.fixture
def drive(tmp_path: Path) -> Drive:
    return Drive(tmp_path)


def test_heat_sheds_emotion_then_the_mouth_then_frames(drive: Drive) -> None:
    drive.heat(HOT_C + 1)
    assert [drive.go(DOWN_S) for _ in range(4)] == [
        Load.LESS_EMOTION,
        Load.LESS_MOUTH,
        Load.LESS_FRAMES,
        Load.LESS_FRAMES,
    ]


def test_a_heat_that_comes_and_goes_between_the_limits_changes_nothing(drive: Drive) -> None:
    drive.heat(HOT_C + 1)
    drive.go(DOWN_S)
    drive.heat((HOT_C + COOL_C) / 2)
    assert drive.go(10 * UP_S) is Load.LESS_EMOTION


def test_load_comes_back_step_by_step_after_calm(drive: Drive) -> None:
    drive.heat(HOT_C + 1)
    drive.go(2 * DOWN_S)
    drive.heat(COOL_C - 1)
    assert drive.go(UP_S - DOWN_S) is Load.LESS_MOUTH
    assert drive.go(DOWN_S) is Load.LESS_EMOTION
    assert drive.go(UP_S) is Load.ALL


def test_lost_frames_shed_load_and_a_few_do_not(drive: Drive) -> None:
    assert drive.go(60, lost=0.1) is Load.ALL
    assert drive.go(DOWN_S, lost=0.5) is Load.LESS_EMOTION


def test_a_machine_without_a_sensor_goes_by_its_frames(drive: Drive) -> None:
    drive.zone.unlink()
    assert drive.go(DOWN_S) is Load.ALL
    assert drive.go(DOWN_S, lost=0.5) is Load.LESS_EMOTION


def test_less_of_emotion_and_mouth_leaves_the_eyes_in_every_frame() -> None:
    perception = Perception(PerceptionSettings())
    seen: dict[bool, list[tuple[int, int, int]]] = {}
    for relieved in (False, True):
        perception.relieve(emotion=relieved, mouth=relieved)
        perception.take_times()
        for frame, _ in zip(open_recording(SAMPLE_DRIVE, CameraSettings()).frames(), range(100), strict=False):
            perception.observe(frame)
        times = perception.take_times()
        seen[relieved] = [(times["eyes"].runs, times["mouth"].runs, times["emotion"].runs)]
    ((eyes, mouth, emotion),), ((eyes_less, mouth_less, emotion_less),) = seen[False], seen[True]
    assert eyes_less >= eyes
    assert mouth_less < mouth / 2
    assert emotion_less < emotion / 2


def test_health_says_what_is_left_out_and_every_other_frame_is_not_looked_at() -> None:
    models = Models(PerceptionSettings())
    assert models.report().load == "all"
    assert all(models.wants_frame() for _ in range(4))
    models.relieve(Load.LESS_FRAMES)
    assert models.report().load == "less_frames"
    assert sum(models.wants_frame() for _ in range(10)) == 5
