"""The road: every sink hears each moment, in order of urgency, whatever the others do."""

import logging
import threading

import numpy as np
import pytest

from dms.alerts.clock import ClockQuality, Stamp
from dms.alerts.encoder import Encoder
from dms.config import Config
from dms.driver.inputs import VehicleSpeed
from dms.driver.monitor import DriverMonitor
from dms.driver.state import Phase
from dms.frames import Frame
from dms.observation import Observation
from dms.road import Road
from dms.sink import DriveInfo, Sink, Step

FPS = 20


def observe(frame: Frame) -> Observation:
    """Open eyes; shut between 10 and 14 s."""
    eye = 0.97 if 10.0 <= frame.t < 14.0 else 0.03
    return Observation(frame.t, face=True, face_score=0.9, left_eye=eye, right_eye=eye)


def frame(index: int) -> Frame:
    return Frame(round(index / FPS, 6), np.zeros((4, 4), np.uint8))


class Notes(Sink):
    """Writes down what it hears, with its own name."""

    def __init__(self, name: str, notes: list[str]) -> None:
        self.name = name
        self.notes = notes
        self.steps: list[Step] = []

    def start(self, info: DriveInfo) -> None:
        self.notes.append(f"{self.name} start {info.drive} {info.vehicle_id}")

    def step(self, step: Step) -> None:
        self.steps.append(step)
        self.notes.extend(f"{self.name} {alert.phase}" for alert in step.alerts)

    def stop(self, timeout_s: float) -> None:
        self.notes.append(f"{self.name} stop")


class Broken(Sink):
    """Fails at everything."""

    def start(self, info: DriveInfo) -> None:
        raise OSError("no start")

    def step(self, step: Step) -> None:
        raise OSError("no disk")

    def stop(self, timeout_s: float) -> None:
        raise OSError("no stop")


def road(*sinks: Sink) -> Road:
    encoder = Encoder("van-7", "session", lambda t: Stamp(t, ClockQuality.UNSYNCHRONISED))
    return Road(observe, DriverMonitor(Config().driver), encoder, sinks)


def test_every_sink_hears_each_moment_in_order() -> None:
    notes: list[str] = []
    first, second = Notes("first", notes), Notes("second", notes)
    drive = road(first, second)
    drive.start("a.mp4")
    for index in range(12 * FPS):
        drive.step(frame(index))
    drive.finish("end_of_drive")
    assert notes[:2] == ["first start a.mp4 van-7", "second start a.mp4 van-7"]
    heard = notes[2:]
    assert heard[:2] == ["first start", "second start"]
    assert heard[-2:] == ["first end", "second end"]
    assert heard[::2] == [note.replace("second", "first") for note in heard[1::2]]
    assert first.steps == second.steps


def test_a_step_holds_what_was_seen_judged_and_said() -> None:
    sink = Notes("sink", [])
    drive = road(sink)
    drive.start("a.mp4")
    for index in range(12 * FPS):
        drive.step(frame(index))
    drive.finish("end_of_drive")
    started = next(step for step in sink.steps if step.alerts)
    assert started.frame is not None
    assert started.observation == observe(started.frame)
    assert started.state is not None
    assert started.state.t == started.frame.t
    assert [message.phase for message in started.messages] == [Phase.START]
    assert started.messages[0].level == started.alerts[0].level
    last = sink.steps[-1]
    assert (last.event, last.frame, last.state) == (None, None, None)
    assert [alert.phase for alert in last.alerts] == [Phase.END]


def test_an_input_is_a_step_of_its_own() -> None:
    sink = Notes("sink", [])
    drive = road(sink)
    drive.step(frame(0))
    speed = VehicleSpeed(0.5, 90.0)
    drive.step(speed)
    assert sink.steps[-1].event == speed
    assert sink.steps[-1].observation is None
    assert sink.steps[-1].state is None


def test_an_observation_made_before_is_judged_like_a_frame() -> None:
    seen, read = Notes("sink", []), Notes("sink", [])
    through_pictures, along_a_trace = road(seen), road(read)
    for index in range(12 * FPS):
        through_pictures.step(frame(index))
        along_a_trace.step(observe(frame(index)))
    assert [step.alerts for step in seen.steps if step.alerts]
    assert [(s.event, s.state, s.messages) for s in seen.steps] == [(s.event, s.state, s.messages) for s in read.steps]


def test_a_sink_that_fails_stops_neither_the_road_nor_the_others(caplog: pytest.LogCaptureFixture) -> None:
    notes: list[str] = []
    drive = road(Broken(), Notes("last", notes))
    with caplog.at_level(logging.ERROR, "dms.road"):
        drive.start("a.mp4")
        for index in range(12 * FPS):
            drive.step(frame(index))
        drive.finish("end_of_drive")
        drive.stop(10.0)
    assert notes[0] == "last start a.mp4 van-7"
    assert "last start" in notes
    assert notes[-2:] == ["last end", "last stop"]
    # the same problem is logged once, not at every frame
    assert [record.getMessage() for record in caplog.records] == [
        "Broken failed: OSError: no start",
        "Broken failed: OSError: no disk",
        "Broken failed: OSError: no stop",
    ]


def test_a_sink_that_hangs_does_not_keep_another_from_its_stop() -> None:
    released = threading.Event()

    class Hanging(Sink):
        def stop(self, timeout_s: float) -> None:
            released.wait(60.0)

    notes: list[str] = []
    drive = road(Hanging(), Notes("other", notes))
    drive.stop(0.2)
    released_by_then = released.is_set()
    released.set()
    assert not released_by_then
    assert notes == ["other stop"]


def test_a_sink_put_in_the_place_of_another_hears_the_start() -> None:
    notes: list[str] = []
    old, new = Notes("old", notes), Notes("new", notes)
    drive = road(old)
    drive.start("a.mp4")
    drive.replace(old, new)
    drive.step(frame(0))
    assert notes == ["old start a.mp4 van-7", "new start a.mp4 van-7"]
    assert (len(old.steps), len(new.steps)) == (0, 1)
