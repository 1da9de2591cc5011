"""The live capture: the newest frame wins, failures are told and tried again."""

import threading
import time
from collections.abc import Generator

import numpy as np

from dms.errors import UserError
from dms.frames import Frame
from dms.frames.fault import CameraError, CameraFault
from dms.frames.live import LiveCapture
from tests.conftest import until

PICTURE = np.zeros((4, 4), np.uint8)


class FakeCamera:
    """Fails when told to, which no camera does on demand."""

    live = True
    name = "fake"
    duration_s = None

    def __init__(self, *sessions: list[float]) -> None:
        self._sessions = list(sessions)
        self.step = threading.Semaphore(0)

    def frames(self) -> Generator[Frame, None, None]:
        if not self._sessions:
            raise CameraError(CameraFault.UNPLUGGED, "the camera is gone")
        for t in self._sessions.pop(0):
            self.step.acquire()
            yield Frame(t, PICTURE)
        raise CameraError(CameraFault.STALLED, "the camera stopped")


class Recording:
    live = False
    name = "recording"
    duration_s = 0.02

    def frames(self) -> Generator[Frame, None, None]:
        for index in range(3):
            yield Frame(index / 100, PICTURE)


class ColouredRecording(Recording):
    def frames(self) -> Generator[Frame, None, None]:
        yield Frame(0.0, PICTURE, lambda: np.full((4, 4, 3), 7, np.uint8))


class BrokenRecording(Recording):
    def frames(self) -> Generator[Frame, None, None]:
        raise UserError("no frame that can be decoded")
        yield


def test_the_newest_frame_wins_and_the_others_are_counted() -> None:
    camera = FakeCamera([1.0, 2.0, 3.0])
    capture = LiveCapture(camera, retry_s=0.01, stall_s=1.0)
    capture.start()
    camera.step.release(3)
    until(lambda: capture.status.frames == 3)
    frame = capture.take(timeout_s=0)
    assert frame is not None
    assert frame.t == 3.0
    assert capture.status.dropped == 2
    assert capture.take(timeout_s=0) is None
    capture.stop()


def test_a_camera_that_stops_is_opened_again() -> None:
    camera = FakeCamera([1.0], [2.0])
    camera.step.release(2)
    capture = LiveCapture(camera, retry_s=0.01, stall_s=1.0)
    capture.start()
    until(lambda: capture.status.frames == 2)
    until(lambda: capture.status.error == "the camera is gone")
    assert capture.status.reconnects >= 1
    assert not capture.ended
    capture.stop()


class OddCamera(FakeCamera):
    def frames(self) -> Generator[Frame, None, None]:
        if self._sessions:
            yield from super().frames()
        raise RuntimeError("the driver library had a bad day")


def test_whatever_a_camera_raises_it_is_opened_again() -> None:
    camera = OddCamera()
    capture = LiveCapture(camera, retry_s=0.01, stall_s=1.0)
    capture.start()
    until(lambda: capture.status.reconnects >= 2)
    assert capture.status.error == "fake: RuntimeError: the driver library had a bad day"
    assert not capture.ended
    capture.stop()


NOISE = np.random.default_rng(0).integers(0, 256, (20, 120, 160), dtype=np.uint8)


class RepeatingCamera:
    """Gives the same picture again and again until it has been opened twice more, the second time when it may."""

    live = True
    name = "repeating"
    duration_s = None

    def __init__(self) -> None:
        self.opened = 0
        self.mended = threading.Event()

    def frames(self) -> Generator[Frame, None, None]:
        self.opened += 1
        if self.opened > 2:
            self.mended.wait(60.0)
        for index in range(200):
            time.sleep(0.01)
            yield Frame(time.monotonic(), NOISE[index % len(NOISE) if self.opened > 2 else 0])


def test_a_frozen_camera_gives_one_picture_and_is_opened_again() -> None:
    camera = RepeatingCamera()
    capture = LiveCapture(camera, retry_s=0.2, stall_s=0.2)
    capture.start()
    assert capture.take(timeout_s=60.0) is not None
    assert capture.take(timeout_s=0.1) is None, "a repeated picture is not given"
    status = until(lambda: (told := capture.status).fault is CameraFault.FROZEN and told)
    assert status.error == "repeating gives the same picture again and again"
    until(lambda: camera.opened == 3)
    assert capture.status.fault is CameraFault.FROZEN, "the same picture after opening it again is still no new one"
    camera.mended.set()
    until(lambda: capture.status.fault is None)
    assert capture.take(timeout_s=60.0) is not None
    assert capture.status.size == (160, 120)
    capture.stop()


def test_a_camera_that_hangs_has_stalled() -> None:
    capture = LiveCapture(FakeCamera([1.0]), retry_s=0.01, stall_s=0.1)
    capture.start()
    until(lambda: capture.status.fault is CameraFault.STALLED)
    assert capture.status.error == "fake gives no pictures"
    capture.stop()


class StillRecording(Recording):
    def frames(self) -> Generator[Frame, None, None]:
        for index in range(20):
            yield Frame(index / 100, NOISE[0])


def test_a_recording_is_played_as_it_is() -> None:
    capture = LiveCapture(StillRecording(), retry_s=0.01, stall_s=0.05)
    capture.start()
    given = 0
    while not capture.ended:
        given += capture.take(timeout_s=1.0) is not None
    assert given + capture.status.dropped == 20
    assert capture.status.fault is None
    capture.stop()


class CrashingRecording(Recording):
    def frames(self) -> Generator[Frame, None, None]:
        raise RuntimeError("a defect")
        yield


def test_a_defect_while_a_recording_plays_is_not_taken_for_its_end() -> None:
    capture = LiveCapture(CrashingRecording(), retry_s=0.01, stall_s=1.0)
    capture.start()
    until(lambda: capture.ended)
    assert isinstance(capture.failure, RuntimeError)
    capture.stop()


def test_a_recording_plays_at_its_own_pace_on_the_monotonic_clock_and_ends() -> None:
    capture = LiveCapture(Recording(), retry_s=0.01, stall_s=1.0)
    capture.start()
    times = []
    while not capture.ended:
        frame = capture.take(timeout_s=1.0)
        if frame is not None:
            times.append(frame.t)
    assert times == sorted(times)
    assert times[0] > 0.02, "moved from the recording's time to the monotonic clock"
    assert capture.status.frames == 3
    assert capture.status.reconnects == 0
    capture.stop()


def test_a_recording_that_is_broken_leaves_its_failure() -> None:
    capture = LiveCapture(BrokenRecording(), retry_s=0.01, stall_s=1.0)
    capture.start()
    until(lambda: capture.ended)
    assert isinstance(capture.failure, UserError)
    capture.stop()


def test_a_recording_that_is_played_keeps_its_colours_for_a_clip() -> None:
    capture = LiveCapture(ColouredRecording(), retry_s=0.01, stall_s=1.0)
    capture.start()
    frame = capture.take(timeout_s=5)
    assert frame is not None
    assert frame.picture.shape == (4, 4, 3)
    assert int(frame.picture[0, 0, 0]) == 7
