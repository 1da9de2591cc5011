"""Which labels belong to which drive."""

import json
from pathlib import Path

import pytest

from dms.errors import UserError
from dms.replay.labelled import labelled_drives
from dms.replay.names import meant

HEADER = "start_s,end_s,event\n"


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Two cars with a drive of the same name each."""
    for name in ("1/monday", "2/monday", "2/tuesday"):
        folder = tmp_path / "out" / name
        folder.mkdir(parents=True)
        (folder / "events.jsonl").touch()
        (folder / "summary.json").write_text(json.dumps({"drive": f"{Path(name).name}.mp4", "duration_s": 60.0}))
    return tmp_path / "out"


def table(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_equal_names_in_different_folders_do_not_collide(out: Path, tmp_path: Path) -> None:
    for number, name in enumerate(("1/monday", "2/monday"), 1):
        table(tmp_path / "labels" / f"{name}.events.csv", f"{HEADER}{number},9,asleep\n")
    found = labelled_drives([out], [tmp_path / "labels"])
    assert [(drive.name, drive.labels[0].label.start_s) for drive in found.drives] == [("1/monday", 1), ("2/monday", 2)]
    assert found.unlabelled == ("2/tuesday",)


def test_one_table_serves_a_folder_and_says_which_drives_were_looked_at(out: Path, tmp_path: Path) -> None:
    rows = "drive,start_s,end_s,event\n1/monday.mp4,3,9,asleep\n2/monday,,,\nfriday,3,9,asleep\n"
    found = labelled_drives([out], [table(tmp_path / "labels.csv", rows)])
    assert [(drive.name, len(drive.labels)) for drive in found.drives] == [("1/monday", 1), ("2/monday", 0)]
    assert (found.unlabelled, found.missing) == (("2/tuesday",), ("friday",))


def test_a_name_that_several_drives_have_is_of_all_of_them(out: Path, tmp_path: Path) -> None:
    rows = "drive,start_s,end_s,event\nmonday,3,9,asleep\n"
    assert len(labelled_drives([out], [table(tmp_path / "labels.csv", rows)]).drives) == 2


def test_two_labels_of_one_drive_are_refused(out: Path, tmp_path: Path) -> None:
    rows = "drive,start_s,end_s,event\ntuesday,3,9,asleep\n"
    tables = [table(tmp_path / f"{name}.csv", rows) for name in "ab"]
    with pytest.raises(UserError, match=r"2/tuesday: labels of it in .*a\.csv and in .*b\.csv"):
        labelled_drives([out], tables)


def test_a_table_that_does_not_say_whose_it_is_is_refused(out: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"3 drives, and .* does not say which of them it is of"):
        labelled_drives([out], [table(tmp_path / "labels.csv", HEADER + "3,9,asleep\n")])


def test_an_interrupted_drive_is_named_and_the_others_are_scored(out: Path, tmp_path: Path) -> None:
    (out / "2" / "tuesday" / "unfinished").touch()
    rows = "drive,start_s,end_s,event\n1/monday,3,9,asleep\ntuesday,3,9,asleep\n"
    found = labelled_drives([out], [table(tmp_path / "labels.csv", rows)])
    assert [drive.name for drive in found.drives] == ["1/monday"]
    assert (found.unfinished, found.missing) == (("2/tuesday",), ())


@pytest.mark.parametrize(
    "name",
    ["clip.2026.11", "clip.2026.11.mp4", "7/clip.2026.11.mp4", "/videos/7/clip.2026.11.mov", r"d:\7\clip.2026.11"],
)
def test_a_drive_goes_by_many_names(name: str) -> None:
    drives = {"a": ["7/clip.2026.11"], "b": ["8/clip.2026.12", "other.mp4"], "c": ["8/clip"]}
    assert meant([name], drives) == {"a": {name}, "b": set(), "c": set()}


def test_folders_that_only_one_side_has_are_no_difference() -> None:
    drives = {"out/monday": ["out/monday", "monday.mp4"], "out/tuesday": ["out/tuesday", "tuesday.mp4"]}
    assert meant(["cars/7/monday.mp4"], drives)["out/monday"] == {"cars/7/monday.mp4"}


def test_a_name_that_is_nowhere_means_nothing() -> None:
    assert meant(["", "friday"], {"monday": ["monday"]}) == {"monday": set()}
