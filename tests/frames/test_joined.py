"""Parts of one drive: their order, the gaps between them, and an account of every picture."""

from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from dms.config import CameraSettings
from dms.errors import UserError
from dms.frames import Frame, container
from dms.frames.joined import JoinedRecording
from dms.frames.parts import in_order
from dms.frames.source import open_parts

av = pytest.importorskip("av", reason="the extra 'replay' (PyAV) is not installed")
RATE, COUNT = 10, 20


def video(path: Path, first: int, created: str | None = None) -> Path:
    """Two seconds whose pictures differ in brightness, from ``first`` on."""
    with av.open(str(path), "w") as out:
        if created:
            out.metadata["creation_time"] = created
        stream = out.add_stream("mpeg4", rate=RATE)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for index in range(COUNT):
            image = np.full((48, 64, 3), first + 2 * index, np.uint8)
            image[10:20, index : index + 10] = 255
            out.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="bgr24")))
        out.mux(stream.encode(None))
    return path


def joined(files: list[Path]) -> tuple[JoinedRecording, list[float]]:
    recording = open_parts("drive", files, CameraSettings())
    return recording, [frame.t for frame in recording.frames()]


@pytest.mark.parametrize(
    "name",
    ["20260501_{}.mp4", "2026-05-01 {}.mp4", "VID_20260501_{}_F.mp4", "2026_0501_{}.mp4", "dash-2026-05-01T{}Z.mp4"],
)
def test_names_tell_the_time(tmp_path: Path, name: str) -> None:
    files = [tmp_path / name.format(time) for time in ("080130", "075959", "080000")]
    order = in_order(files)
    assert [part.path for part in order.parts] == [files[1], files[2], files[0]]
    assert [part.start_s for part in order.parts] == [0.0, 1.0, 91.0]
    assert order.by == "the times in their names"


def test_files_tell_the_time_where_names_do_not(tmp_path: Path) -> None:
    files = [
        video(tmp_path / "b.mp4", 0, "2026-05-01T08:00:00.000000Z"),
        video(tmp_path / "a.mp4", 50, "2026-05-01T08:00:12.000000Z"),
    ]
    recording, times = joined(files)
    assert len(times) == 2 * COUNT
    assert times[COUNT] == pytest.approx(12.0, abs=0.01)
    assert recording.report.notes[0] == "2 parts in the order of the times in the files, 1 gap of 10.0 s in all"


@pytest.mark.parametrize("created", [None, "2026-05-01T08:00:00.000000Z", "1904-01-01T00:00:00.000000Z"])
def test_names_alone_decide_where_no_time_is_told_or_all_tell_the_same(tmp_path: Path, created: str | None) -> None:
    files = [video(tmp_path / f"{number}.mp4", number, created) for number in (10, 9)]
    recording, times = joined(files)
    assert recording.report.notes[0] == "2 parts in the order of their names"
    assert times == pytest.approx([index / RATE for index in range(2 * COUNT)], abs=1e-3)


def test_parts_that_meet_have_no_gap(tmp_path: Path) -> None:
    files = [video(tmp_path / f"2026-05-01_08-00-{start:02}.mp4", start) for start in (8, 0, 2, 10)]
    recording, times = joined(files)
    starts = [times[part * COUNT] for part in range(4)]
    assert starts == pytest.approx([0.0, 2.0, 8.0, 10.0], abs=0.01)
    assert times == sorted(times)
    assert recording.duration_s == pytest.approx(12.0, abs=0.01)
    assert "1 gap of 4.0 s in all" in recording.report.notes[0]


def test_an_overlap_is_told(tmp_path: Path) -> None:
    for start in ("00", "02"):
        video(tmp_path / f"2026-05-01_08-00-{start}.mp4", int(start))
    long = tmp_path / "2026-05-01_07-59-55.mp4"
    with av.open(str(long), "w") as out:
        stream = out.add_stream("mpeg4", rate=RATE)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for index in range(10 * RATE):
            image = np.full((48, 64, 3), 40, np.uint8)
            image[10:20, index % 50 : index % 50 + 10] = 255
            out.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="bgr24")))
        out.mux(stream.encode(None))
    recording, times = joined(sorted(tmp_path.glob("*.mp4")))
    assert times == sorted(times)
    assert "begin before the one before them ends follow it: 2026-05-01_08-00-00.mp4" in recording.report.notes[1]


def test_every_picture_of_every_part_is_accounted_for(tmp_path: Path) -> None:
    files = [video(tmp_path / f"{number}.mp4", number) for number in (1, 2)]
    (tmp_path / "3.mp4").write_bytes(b"no video")
    recording, times = joined([*files, tmp_path / "3.mp4"])
    report = recording.report
    assert len(times) + sum(report.left_out.values()) == report.decoded == 2 * COUNT
    assert any("left out: " in note and "3.mp4" in note for note in report.notes)


def test_a_part_that_breaks_off_keeps_what_it_gave_and_the_next_follows_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = [video(tmp_path / f"{number}.mp4", number) for number in (1, 2, 3)]
    recording = open_parts("drive", files, CameraSettings())
    _, broken = recording._parts[1]
    frames = broken.frames

    def breaks_off() -> Iterator[Frame]:
        yield from islice(frames(), 5)
        raise UserError("2.mp4: no more")  # as a decoder that gives up half-way

    monkeypatch.setattr(broken, "frames", breaks_off)
    times = [frame.t for frame in recording.frames()]
    assert times == sorted(set(times))
    assert len(times) == 2 * COUNT + 5 == recording.report.decoded
    assert any("breaks off after 0.4 s: 2.mp4: no more" in note for note in recording.report.notes)


def test_two_cameras_in_one_folder_are_refused(tmp_path: Path) -> None:
    files = [tmp_path / f"20260501_080000_{camera}.mp4" for camera in "FR"]
    with pytest.raises(UserError, match="each camera into a folder of their own"):
        in_order(files)


def test_a_drive_without_a_part_that_can_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"no video")
    with pytest.raises(UserError, match="not one of its 1 parts can be read"):
        joined([tmp_path / "a.mp4"])


def test_what_is_no_time_is_none(tmp_path: Path) -> None:
    find: Callable[[Path], datetime | None] = container.created
    (tmp_path / "a.mp4").write_bytes(b"no video")
    assert find(tmp_path / "a.mp4") is None
    assert in_order([tmp_path / "20261399_999999.mp4"]).by == "their names"
