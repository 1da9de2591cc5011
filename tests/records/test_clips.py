"""Pictures around an alert: off until asked for, private, bounded, and never in the way."""

import json
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from dms.config import RecordSettings
from dms.driver.state import Alert, AlertKind, FatigueLevel, Phase
from dms.frames import Frame
from dms.observation import Observation
from dms.records import clip_files, clips
from dms.records.clip_files import ClipFiles, Picture
from dms.records.clips import ClipRecorder
from dms.records.records import Records
from dms.sink import Step
from tests.actions.make import message
from tests.conftest import until

SIZE = (60, 80)


def picture(number: int) -> Frame:
    """A picture that tells its number by its brightness, taken now."""
    return Frame(time.monotonic(), np.full((*SIZE, 3), number % 250, np.uint8))


def feed(see: Callable[[Frame], None], seconds: float, fps: float = 20.0) -> None:
    """Give pictures for some time."""
    for number in range(int(seconds * fps)):
        see(picture(number))
        time.sleep(1 / fps)


def messages(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What was logged of clips: threads of other tests may still speak."""
    return [record.getMessage() for record in caplog.records if record.name == clips.__name__]


def seen(frame: Frame) -> Step:
    """A frame on which nothing was raised."""
    return Step(Observation(frame.t), frame, None, (), ())


def raised(phase: Phase) -> Step:
    """A step of an alert, without a frame."""
    now = time.monotonic()
    alert = Alert(AlertKind.FATIGUE, phase, FatigueLevel.ASLEEP, 1, now, now, {})
    return Step(None, None, None, (alert,), (message(phase),))


def settings(**values: Any) -> RecordSettings:
    # so much before that a process which is held up between two pictures and the alert has them all the same
    return RecordSettings.model_validate({"video": True, "video_before_s": 60.0, "video_after_s": 0.3, **values})


def test_a_clip_holds_the_pictures_before_and_after_the_alert(tmp_path: Path) -> None:
    recorder = ClipRecorder(tmp_path / "clips", settings(video_before_s=0.5, video_fps=20))
    alert = message()
    alert_t = time.monotonic() + 600.0  # in the future, so that nothing but the stop is late for it
    for number in range(-20, 9):
        if number == 1:
            recorder.alert(alert_t, alert)
        recorder.add(Frame(alert_t + number / 20, picture(number).image))
        until(lambda: recorder._newest is None)
    recorder.stop(60.0)
    assert recorder.clips == 1
    clip = tmp_path / "clips" / "000001.avi"
    about = json.loads(clip.with_suffix(".json").read_text())
    assert about["alert"]["event_id"] == str(alert.event_id)
    times = about["t"]
    assert times == sorted(times)
    assert -0.5 <= times[0] < -0.3
    assert 0.2 < times[-1] <= 0.3
    video = cv2.VideoCapture(str(clip))
    assert int(video.get(cv2.CAP_PROP_FRAME_COUNT)) == len(times)
    assert video.read()[1].shape == (*SIZE, 3)
    modes = {path.name: path.stat().st_mode & 0o777 for path in (clip, clip.with_suffix(".json"), clip.parent)}
    assert modes == {"000001.avi": 0o600, "000001.json": 0o600, "clips": 0o700}


def test_a_camera_that_is_lost_after_the_alert_does_not_cost_the_clip(tmp_path: Path) -> None:
    recorder = ClipRecorder(tmp_path, settings())
    feed(recorder.add, 0.4)
    recorder.alert(time.monotonic(), message())
    until(lambda: recorder.clips == 1)
    recorder.stop(60.0)


def test_pictures_with_long_gaps_between_them_are_kept(tmp_path: Path) -> None:
    recorder = ClipRecorder(tmp_path, settings(video_after_s=0.0))
    alert_t = time.monotonic()
    for number in range(4):
        recorder.add(Frame(alert_t - 12 + 4 * number, picture(number).image))
        until(lambda: recorder._newest is None)
    recorder.alert(alert_t, message())
    until(lambda: recorder.clips == 1 or recorder.error)
    recorder.stop(60.0)
    assert recorder.error is None
    assert int(cv2.VideoCapture(str(tmp_path / "000001.avi")).get(cv2.CAP_PROP_FRAME_COUNT)) == 4


def test_a_stop_keeps_what_there_is(tmp_path: Path) -> None:
    recorder = ClipRecorder(tmp_path, settings(video_after_s=60.0))
    feed(recorder.add, 0.4)
    recorder.alert(time.monotonic(), message())
    recorder.stop(60.0)
    assert (tmp_path / "000001.avi").exists()


def test_a_stop_does_not_wait_for_a_long_clip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recorder = ClipRecorder(tmp_path, settings(video_before_s=60.0, video_memory_mb=64, video_fps=30))
    noise = np.random.default_rng(1).integers(0, 255, (480, 640, 3), np.uint8)
    for number in range(150):
        recorder.add(Frame(time.monotonic() - 30 + number / 10, noise))
        until(lambda: recorder._newest is None)

    def decode(picture: Any) -> Any:
        begun.set()
        recorder._hurry.wait(60.0)
        return decoded(picture)

    begun, decoded = threading.Event(), clip_files._decoded
    monkeypatch.setattr(clip_files, "_decoded", decode)  # however fast it is, it is in the middle when the stop comes
    recorder.alert(time.monotonic(), message())
    until(begun.is_set)
    recorder.stop(0.0)
    until(lambda: not recorder._thread.is_alive())
    assert list(tmp_path.iterdir()) == []
    assert recorder.error == "clip: the daemon stopped meanwhile"


def test_a_clip_that_a_stop_cuts_off_is_told_once_though_its_disk_hangs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    write, asked, free = ClipFiles._write_video, threading.Event(), threading.Event()

    def hang(*arguments: Any) -> Any:
        written = write(*arguments)
        asked.set()
        free.wait(60.0)
        return written

    monkeypatch.setattr(ClipFiles, "_write_video", hang)  # no real disk hangs on demand
    recorder = ClipRecorder(tmp_path, settings(video_after_s=0.0))
    feed(recorder.add, 0.3)
    recorder.alert(time.monotonic(), message())
    assert asked.wait(60.0)
    recorder.stop(0.0)
    told = [f"a clip was not kept in {tmp_path}: the daemon stopped meanwhile"]
    assert messages(caplog) == told, "the process may end now"
    free.set()
    recorder._thread.join(60.0)
    assert messages(caplog) == told
    assert (recorder.clips, list(tmp_path.iterdir())) == (0, [])


def test_an_alert_that_comes_after_the_stop_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    recorder = ClipRecorder(tmp_path, settings())
    feed(recorder.add, 0.2)
    recorder.stop(60.0)
    recorder.alert(time.monotonic(), message())
    assert messages(caplog) == [f"a clip was not kept in {tmp_path}: the daemon stopped meanwhile"]


def test_pictures_of_another_size_have_no_time_in_the_clip_either(tmp_path: Path) -> None:
    small = cv2.imencode(".jpg", np.zeros((30, 40, 3), np.uint8))[1].tobytes()
    large = cv2.imencode(".jpg", np.zeros((*SIZE, 3), np.uint8))[1].tobytes()
    pictures = [Picture(number / 10, small if number == 4 else large) for number in range(8)]
    video = ClipFiles(tmp_path, settings(), threading.Event()).write(pictures, 0.0, message())
    assert json.loads(video.with_suffix(".json").read_text())["t"] == [0.0, 0.1, 0.2, 0.3, 0.5, 0.6, 0.7]
    capture = cv2.VideoCapture(str(video))
    assert sum(iter(lambda: capture.read()[0], False)) == 7


def test_the_bounds_hold_and_the_oldest_goes_first(tmp_path: Path) -> None:
    recorder = ClipRecorder(tmp_path, settings(clips=2, video_after_s=0.0))
    (tmp_path / "000009.partial.avi").write_bytes(b"cut off by a power cut")
    feed(recorder.add, 0.4)
    for count in range(1, 5):
        recorder.add(picture(count))
        recorder.alert(time.monotonic(), message(episode=count))
        until(lambda: recorder.clips == count)  # noqa: B023
    recorder.stop(60.0)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["000003.avi", "000003.json", "000004.avi", "000004.json"]


def test_memory_is_bounded(tmp_path: Path) -> None:
    recorder = ClipRecorder(tmp_path, settings(video_memory_mb=1, video_before_s=60.0, video_fps=30))
    noise = np.random.default_rng(1).integers(0, 255, (480, 640, 3), np.uint8)  # the worst that there is for JPEG
    for number in range(30):
        recorder.add(Frame(1000.0 + number, noise))
        until(lambda: recorder._newest is None)
    until(lambda: recorder._ring.between(1029.0, 1029.0))
    recorder.stop(60.0)
    held = [len(picture.jpeg) for picture in recorder._ring.between(0.0, 2000.0)]
    assert sum(held) == recorder._ring._bytes <= 1e6
    assert len(held) >= 2


def test_a_disk_that_is_nearly_full_keeps_its_room_for_alerts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(tmp_path)
    # a file system of 40 MB needs root; the daemon's own test of a full disk uses a real one
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=40_000_000))
    recorder = ClipRecorder(tmp_path, settings(video_after_s=0.0))
    feed(recorder.add, 0.3)
    recorder.alert(time.monotonic(), message())
    until(lambda: recorder.error is not None)
    recorder.stop(60.0)
    assert recorder.error == "clip: the disk is nearly full: 40 MB are free"
    assert list(tmp_path.iterdir()) == []


def test_only_starts_make_clips(tmp_path: Path) -> None:
    records = Records(settings(video_after_s=0.0), tmp_path)
    feed(lambda frame: records.step(seen(frame)), 0.3)
    for phase in (Phase.UPDATE, Phase.END):
        records.step(raised(phase))
    records.stop(60.0)
    assert not (tmp_path / "clips").exists()


def test_nothing_is_kept_unless_the_owner_turns_it_on(tmp_path: Path) -> None:
    records = Records(RecordSettings(), tmp_path)
    feed(lambda frame: records.step(seen(frame)), 0.2)
    records.step(raised(Phase.START))
    assert records.report() is None
    records.stop(60.0)
    assert list(tmp_path.iterdir()) == []
