"""Looking through the daemon's camera: only while somebody does, and without the driver being watched any less."""

import base64
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from dms.config import CameraSettings, Config, PerceptionSettings
from dms.observation import Observation, View
from dms.perception.perception import Perception
from dms.service import look_through
from dms.service.control.protocol import Answer, RefusedError
from dms.service.onlookers import Onlookers
from dms.sink import Step
from tests.aim.command import run as aim
from tests.aim.command import sample_camera
from tests.aim.scenes import FPS, frames, sample, turned
from tests.conftest import until
from tests.mjpeg import MjpegCamera, jpeg

from .process import Dms, messages


class Road:
    """Feeds onlookers what the daemon's road would, from another thread, until it is closed."""

    def __init__(self, config: Config | None = None) -> None:
        self.config = config or Config()
        self.perception = Perception(self.config.perception)
        self.onlookers = Onlookers(lambda: self.config, lambda: self.perception.landmarks)
        self.upside_down = self.is_lost = False
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._walk)
        self._thread.start()

    def _walk(self) -> None:
        for index in range(10_000):
            if self._over.wait(0.02):
                return
            shown = turned(180)(sample()[index % 30]) if self.upside_down else sample()[index % 30]
            (frame,) = frames([shown], start_t=index / FPS)
            if self.is_lost:
                self.onlookers.step(Step(Observation(frame.t, View.LOST), None, None, (), ()))
            else:
                self.onlookers.step(Step(self.perception.observe(frame), frame, None, (), ()))

    def close(self) -> None:
        self._over.set()
        self._thread.join()


@pytest.fixture
def road() -> Iterator[Road]:
    road = Road()
    yield road
    road.close()


def told(answers: Generator[Answer | None, None, None], enough: Callable[[Mapping[str, Any]], bool]) -> Answer:
    """The first answer that is enough."""
    found: list[Answer] = []

    def look() -> bool:
        answer = next(answers)
        if answer is not None and enough(answer):
            found.append(answer)
        return bool(found)

    until(look)
    return found[0]


def watchers() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name == "aim"]


def test_nothing_is_judged_or_drawn_while_nobody_looks(road: Road) -> None:
    assert watchers() == []
    with closing(road.onlookers.answer({})) as answers:
        assert next(answers) == {"meant": True}
        assert watchers() == ["aim"]
        assert str(road.onlookers.looking) == "here"
        answer = told(answers, lambda answer: answer.get("aim") is not None)
        assert answer["aim"]["verdict"] == "good"
        assert answer["picture"] is None, "no picture was asked for"
    assert road.onlookers.looking is None
    until(lambda: watchers() == [])


def test_another_camera_than_the_daemon_s_is_not_shown(road: Road) -> None:
    with closing(road.onlookers.answer({"source": "/dev/video7", "pictures": True})) as answers:
        assert list(answers) == [{"meant": False}]
    assert watchers() == []


def test_pictures_come_to_whoever_asks_for_them(road: Road) -> None:
    with (
        closing(road.onlookers.answer({"pictures": True})) as seeing,
        closing(road.onlookers.answer({})) as reading,
    ):
        picture = told(seeing, lambda answer: answer.get("picture") is not None)["picture"]
        image = cv2.imdecode(np.frombuffer(base64.b64decode(picture), np.uint8), cv2.IMREAD_COLOR)
        assert image.shape == (360, 480, 3)
        assert told(reading, lambda answer: "picture" in answer)["picture"] is None


def test_a_camera_that_is_turned_while_somebody_looks_is_told(road: Road) -> None:
    with closing(road.onlookers.answer({})) as answers:
        told(answers, lambda answer: bool(answer.get("aim")) and answer["aim"]["verdict"] == "good")
        road.upside_down = True
        aim = told(answers, lambda answer: bool(answer.get("aim")) and answer["aim"]["verdict"] != "good")["aim"]
        told(answers, lambda answer: bool(answer.get("aim")) and answer["aim"]["problems"] == ["upside_down"])
        assert aim["verdict"] in {"usable", "not_usable"}


def test_a_camera_that_gives_nothing_is_told_with_its_fault(road: Road) -> None:
    road.onlookers.fault = "the camera was pulled"
    with closing(road.onlookers.answer({"pictures": True})) as answers:
        told(answers, lambda answer: answer.get("picture") is not None)
        road.is_lost = True
        answer = told(answers, lambda answer: answer.get("fault") is not None)
        assert answer == {"aim": None, "picture": None, "fault": "the camera was pulled"}


def test_whoever_looks_hears_at_once_what_is_wrong_with_the_camera(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def ask(*_: object) -> Generator[Answer, None, None]:
        yield {"meant": True}
        for fault in (None, "it was pulled", "it was pulled", None, "it was pulled"):
            yield {"aim": None, "picture": None, "fault": fault}

    monkeypatch.setattr(look_through, "ask", ask)
    view = look_through.daemon_view(Config(), named=False, wanted=lambda: False)
    assert view is not None
    assert [seen.fault for seen in view][1:3] == ["it was pulled"] * 2
    assert caplog.messages == ["it was pulled"] * 2, "each time that it begins"


def test_a_reload_counts_for_whoever_is_looking(road: Road) -> None:
    with closing(road.onlookers.answer({})) as answers:
        told(answers, lambda answer: bool(answer.get("aim")))
        road.upside_down = True
        road.config = Config(camera=CameraSettings(rotate=180))
        answer = told(answers, lambda answer: bool(answer.get("aim")) and answer["aim"]["problems"] == ["upside_down"])
        assert "camera.rotate = 0" in answer["aim"]["advice"][0]["text"]


def test_models_that_cannot_be_loaded_are_told_and_the_next_look_tries_anew(road: Road, tmp_path: Path) -> None:
    whole = road.config
    road.config = Config(perception=PerceptionSettings(models_dir=tmp_path))
    with closing(road.onlookers.answer({})) as answers, pytest.raises(RefusedError, match="face"):
        told(answers, lambda answer: "aim" in answer)
    road.config = whole
    with closing(road.onlookers.answer({})) as answers:
        assert told(answers, lambda answer: bool(answer.get("aim")))["aim"]["verdict"] == "good"


def test_a_page_is_told_apart_from_somebody_at_the_machine(road: Road, caplog: pytest.LogCaptureFixture) -> None:
    with closing(road.onlookers.answer({})) as one, closing(road.onlookers.answer({"page": "192.0.2.7:8080"})) as page:
        next(one), next(page)
        assert str(road.onlookers.looking) == "page"
        with closing(road.onlookers.answer({"page": "192.0.2.7:8080", "pictures": True})) as anew:
            next(anew)
        page.close()
        assert str(road.onlookers.looking) == "here"
    assert "shown at 192.0.2.7:8080" in caplog.text
    assert caplog.text.count("192.0.2.7:8080") == 2, "a page that asks for pictures anew is the same page"
    assert "no longer shown at 192.0.2.7:8080" in caplog.text


@pytest.fixture
def camera() -> Iterator[MjpegCamera]:
    with sample_camera() as camera:
        yield camera


@pytest.mark.slow
def test_the_command_asks_the_daemon_that_holds_the_camera(
    start: Callable[..., Dms], camera: MjpegCamera, tmp_path: Path
) -> None:
    dms = start(1, camera.address)
    until((dms.state_dir / "control.sock").exists)
    picture = tmp_path / "seen.jpg"
    result = aim("--config", dms.config, "--seconds", 6, "--json", "--picture", picture)
    assert (result.returncode, result.stderr) == (0, "")
    assert json.loads(result.stdout)["verdict"] == "good"
    assert cv2.imread(str(picture)) is not None
    # asked by name it is the same camera; another one is opened, whatever the daemon watches
    assert aim("--config", dms.config, "--source", camera.address, "--seconds", 4).returncode == 0
    other = MjpegCamera([jpeg(turned(180)(shown)) for shown in sample()], fps=10.0)
    other.switch_on()
    elsewhere = aim("--config", dms.config, "--source", other.address, "--seconds", 5)
    other.switch_off()
    assert (elsewhere.returncode, "upside down" in elsewhere.stdout) == (1, True)
    _, errors = dms.end()
    assert "somebody looks through the camera" in errors
    assert "nobody looks through the camera any longer" in errors


@pytest.mark.slow
def test_health_says_that_somebody_looks(start: Callable[..., Dms], camera: MjpegCamera, mosquitto: Any) -> None:
    listener = mosquitto.listen("dms/van/#")
    dms = start(mosquitto.port, camera.address)
    until((dms.state_dir / "control.sock").exists)
    with subprocess.Popen(
        [sys.executable, "-m", "dms", "aim", "--config", str(dms.config), "--json"],
        stdout=subprocess.DEVNULL,
        env={**os.environ},
    ) as looking:
        until(lambda: any(report.get("aim") == "here" for report in messages(listener, "health")))
        looking.terminate()
    until(lambda: messages(listener, "health")[-1]["aim"] is None)
