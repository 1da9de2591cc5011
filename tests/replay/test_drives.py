"""Which drives a folder holds, and where their results go."""

from pathlib import Path

import pytest

from dms.errors import UserError
from dms.observation import Observation
from dms.records.trace import TraceHeader, TraceWriter
from dms.replay.drives import find_drives


def files(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"x")
    return folder


def trace(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with TraceWriter(path, TraceHeader("drive", "session")) as writer:
        writer.write(Observation(1.0))
    return path


def places(given: list[Path], out: Path) -> dict[str, str]:
    return {drive.name: str(drive.place) for drive in find_drives(given, out).drives}


def test_a_folder_of_videos_is_a_drive_each_with_its_path_below_the_folder(tmp_path: Path) -> None:
    folder = files(tmp_path / "f", "10.mp4", "2.MOV", "a/front.mkv", "b/front.mkv", "b/.hidden.mp4", ".trash/x.mp4")
    assert places([folder], tmp_path / "out") == {
        "2.MOV": "2",
        "10.mp4": "10",
        "a/front.mkv": "a/front",
        "b/front.mkv": "b/front",
    }
    assert [drive.name for drive in find_drives([folder], tmp_path).drives][:2] == ["2.MOV", "10.mp4"]


def test_one_folder_with_one_video_keeps_its_place_and_one_video_needs_none(tmp_path: Path) -> None:
    folder = files(tmp_path / "f", "a.mp4")
    assert places([folder], tmp_path / "out") == {"a.mp4": "a"}
    assert places([folder / "a.mp4"], tmp_path / "out") == {"a.mp4": "."}


def test_equal_names_of_different_kinds_keep_their_suffix(tmp_path: Path) -> None:
    folder = files(tmp_path / "f", "a/front.mp4", "a/front.mov")
    assert set(places([folder], tmp_path / "out").values()) == {"a/front.mp4", "a/front.mov"}


def test_a_folder_of_pictures_or_of_parts_is_one_drive(tmp_path: Path) -> None:
    pictures = files(tmp_path / "pictures", "1.jpg", "2.jpg")
    trace(tmp_path / "000001" / "0001.jsonl")
    trace(tmp_path / "000001" / "0002.jsonl")
    for folder in (pictures, tmp_path / "000001"):
        assert places([folder], tmp_path / "out") == {folder.name: "."}
    both = places([pictures, tmp_path / "000001"], tmp_path / "out")
    assert both == {"pictures": "pictures", "000001": "000001"}
    assert set(places([tmp_path], tmp_path / "out").values()) == {"pictures", "000001"}


def test_folders_of_results_are_their_traces_and_not_the_overlay_in_them(tmp_path: Path) -> None:
    for name in ("a", "b/c"):
        trace(tmp_path / "old" / name / "trace.jsonl")
        files(tmp_path / "old" / name, "events.jsonl", "seen.mp4")
        (tmp_path / "old" / name / "summary.json").write_text('{"made_by": {"overlay": "seen.mp4"}}')
    found = places([tmp_path / "old"], tmp_path / "new")
    assert found == {"a/trace.jsonl": "a", "b/c/trace.jsonl": "b/c"}


def test_results_among_the_drives_are_no_drives(tmp_path: Path) -> None:
    folder = files(tmp_path / "f", "a.mp4")
    trace(folder / "out" / "a" / "trace.jsonl")
    assert places([folder], folder / "out") == {"a.mp4": "a"}
    # results that went beside the videos
    trace(folder / "a" / "trace.jsonl")
    assert places([folder], folder / "out") == {"a.mp4": "a"}


def test_what_is_left_out_is_told(tmp_path: Path) -> None:
    folder = files(tmp_path / "f", "a.mp4", "thumbnail.jpg", "a.events.csv", "b.dat", "c.dat", "README")
    found = find_drives([folder], tmp_path / "out")
    assert [drive.name for drive in found.drives] == ["a.mp4"]
    assert any("pictures in it are left out" in note for note in found.notes)
    assert any("2 .dat" in note and "1 without suffix" in note for note in found.notes)


def test_pictures_below_videos_are_drives_where_nothing_else_is(tmp_path: Path) -> None:
    folder = files(tmp_path / "f", "a.mp4", "burst/1.png", "burst/2.png")
    assert places([folder], tmp_path / "out") == {"a.mp4": "a", "burst": "burst"}


def test_a_folder_without_a_recording_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no recordings in it"):
        find_drives([files(tmp_path / "f", "notes.txt")], tmp_path / "out")


def test_two_folders_keep_their_names_apart(tmp_path: Path) -> None:
    first, second = files(tmp_path / "monday", "a.mp4"), files(tmp_path / "tuesday", "a.mp4")
    found = find_drives([first, second], tmp_path / "out")
    assert [str(drive.place) for drive in found.drives] == ["monday/a", "tuesday/a"]
    with pytest.raises(UserError, match="same name"):
        find_drives([first / "a.mp4", second / "a.mp4"], tmp_path / "out")


def test_a_folder_to_be_joined_is_one_drive_of_all_its_videos(tmp_path: Path) -> None:
    folder = files(tmp_path / "trip", "100/b.mp4", "101/a.mp4")
    (drive,) = find_drives([folder], tmp_path / "out", join=True).drives
    assert (drive.name, str(drive.place)) == ("trip", ".")
    assert [part.name for part in drive.parts] == ["b.mp4", "a.mp4"]
    trace(folder / "trace.jsonl")
    with pytest.raises(UserError, match=r"one drive of videos, and trace\.jsonl is none"):
        find_drives([folder], tmp_path / "out", join=True)
    with pytest.raises(UserError, match="give the folder"):
        find_drives([folder / "100" / "b.mp4"], tmp_path / "out", join=True)
