import csv
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from dms.datasets.fer import FERPLUS, majority, read_fer2013
from dms.datasets.layouts import read_eyes, read_frames, read_landmarks
from dms.datasets.pictures import picture_files, read_grey
from dms.errors import UserError

VOTES = [*FERPLUS, "unknown", "NF"]
USAGES = ("Training", "PublicTest", "PrivateTest")


def write_fer(
    folder: Path, rows: list[tuple[int, int, str]], votes: Sequence[tuple[str, Sequence[int | str]]] | None = None
) -> tuple[Path, Path]:
    fer, plus = folder / "fer2013.csv", folder / "fer2013new.csv"
    with fer.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["emotion", "pixels", "Usage"])
        for label, value, usage in rows:
            writer.writerow([label, " ".join([str(value)] * 2304), usage])
    with plus.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["Usage", "Image name", *VOTES])
        for usage, counts in votes or [(usage, [10] + [0] * 9) for _, _, usage in rows]:
            writer.writerow([usage, "any.png", *counts])
    return fer, plus


def test_fer2013_is_joined_with_its_votes_by_row_order(tmp_path: Path) -> None:
    first, second = [1, 0, 0, 0, 9, 0, 0, 0, 0, 0], [0, 10, 0, 0, 0, 0, 0, 0, 0, 0]
    fer, plus = write_fer(
        tmp_path,
        [(0, 17, "Training"), (3, 99, "PublicTest")],
        [("Training", first), ("PublicTest", second)],
    )
    faces = read_fer2013(fer, "PublicTest", plus)
    assert faces.images.shape == (1, 48, 48)
    assert faces.images[0, 0, 0] == 99
    assert faces.labels.tolist() == [3]
    assert faces.votes is not None
    assert faces.votes.tolist() == [second]


def test_fer2013_alone_has_no_votes(tmp_path: Path) -> None:
    fer, _ = write_fer(tmp_path, [(0, 17, "Training")])
    assert read_fer2013(fer, "Training").votes is None


def test_files_with_different_rows_of_the_part_are_refused_with_both_numbers(tmp_path: Path) -> None:
    rows = [(0, 1, "Training"), (1, 2, "PublicTest")]
    fer, plus = write_fer(tmp_path, rows, [("Training", [10] + [0] * 9), ("Training", [10] + [0] * 9)])
    with pytest.raises(UserError, match=r"2 rows with Usage Training and .* 1: they must have the same"):
        read_fer2013(fer, "Training", plus)
    with pytest.raises(UserError, match=r"0 rows with Usage PublicTest and .* 1: they must have the same"):
        read_fer2013(fer, "PublicTest", plus)


def test_one_part_alone_is_joined_with_the_votes_of_all_parts(tmp_path: Path) -> None:
    votes = [[0] * i + [10] + [0] * (9 - i) for i in range(3)]
    fer, plus = write_fer(tmp_path, [(0, 1, "PrivateTest")], list(zip(USAGES, votes, strict=True)))
    joined = read_fer2013(fer, "PrivateTest", plus).votes
    assert joined is not None
    assert joined.tolist() == [votes[2]]


def test_faces_that_ferplus_does_not_name_may_be_absent_from_fer2013(tmp_path: Path) -> None:
    fer, plus = write_fer(tmp_path, [(3, 1, "PublicTest")], [("PublicTest", [0, 10] + [0] * 8)])
    plus.write_text(plus.read_text() + "PublicTest,," + "0," * 9 + "10\n")
    joined = read_fer2013(fer, "PublicTest", plus).votes
    assert joined is not None
    assert joined.tolist() == [[0, 10] + [0] * 8]


@pytest.mark.parametrize("spelled", ["Public Test", "publictest", "public_test", " PublicTest "])
def test_the_usage_may_be_spelled_otherwise(tmp_path: Path, spelled: str) -> None:
    fer, plus = write_fer(tmp_path, [(3, 9, spelled)], [("PublicTest", [10] + [0] * 9)])
    assert read_fer2013(fer, "PublicTest", plus).labels.tolist() == [3]


def test_the_columns_of_the_icml_file_are_taken(tmp_path: Path) -> None:
    table = tmp_path / "icml_face_data.csv"
    table.write_text("emotion, Usage, pixels\n2,PublicTest," + " ".join(["7"] * 2304) + "\n")
    faces = read_fer2013(table, "PublicTest")
    assert (faces.labels.tolist(), faces.images.min(), faces.images.max()) == ([2], 7, 7)


def test_wrong_fer2013_files_are_refused(tmp_path: Path) -> None:
    fer, _ = write_fer(tmp_path, [(0, 1, "Training")])
    with pytest.raises(UserError, match="no rows with Usage PrivateTest; it has 1 with 'Training'"):
        read_fer2013(fer, "PrivateTest")
    fer.write_text("emotion,pixels,Usage\n0,1 2 3,Training\n")
    with pytest.raises(UserError, match="row 1 has 3 pixels"):
        read_fer2013(fer, "Training")
    fer.write_text("emotion,pixels,Usage\n0," + "300 " * 2304 + ",Training\n")
    with pytest.raises(UserError, match="row 1 has pixels of 300 to 300"):
        read_fer2013(fer, "Training")
    fer.write_text("a,b\n1,2\n")
    with pytest.raises(UserError, match="no column"):
        read_fer2013(fer, "Training")
    with pytest.raises(UserError, match="missing"):
        read_fer2013(tmp_path / "none.csv", "Training")


@pytest.mark.parametrize("label", ["9", "-1", "angry", ""])
def test_a_fer2013_label_that_is_no_class_is_told_with_its_row(tmp_path: Path, label: int) -> None:
    fer, _ = write_fer(tmp_path, [(0, 1, "Training"), (label, 1, "Training")])
    with pytest.raises(UserError, match=f"row 2: emotion must be 0 to 6, not '{label}'"):
        read_fer2013(fer, "Training")


def test_votes_that_are_no_number_are_told_with_their_row(tmp_path: Path) -> None:
    fer, plus = write_fer(tmp_path, [(0, 1, "Training")], [("Training", ["x"] + [0] * 9)])
    with pytest.raises(UserError, match="row 1: votes for neutral"):
        read_fer2013(fer, "Training", plus)


def test_majority_leaves_out_ties_unknown_and_no_face() -> None:
    votes = np.array(
        [
            [6, 4, 0, 0, 0, 0, 0, 0, 0, 0],
            [5, 5, 0, 0, 0, 0, 0, 0, 0, 0],
            [4, 0, 0, 0, 0, 0, 0, 0, 6, 0],
            [0, 0, 0, 0, 0, 0, 0, 0, 0, 10],
            [0, 0, 0, 0, 0, 0, 0, 9, 1, 0],
        ]
    )
    assert majority(votes).tolist() == [0, -1, -1, -1, 7]


def test_eyes_take_the_group_from_the_name(tmp_path: Path) -> None:
    for name in ("closed/anna-01.png", "closed/s0001_00123_0_0.png", "open/anna-02.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        cv2.imwrite(str(tmp_path / name), np.full((10, 12), 50, np.uint8))
    eyes = read_eyes(tmp_path)
    assert eyes.groups == ["anna", "s0001", "anna"]
    assert eyes.closed.tolist() == [True, True, False]
    assert eyes.images[0].shape == (10, 12)


def test_eye_folders_that_are_no_such_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="missing"):
        read_eyes(tmp_path)
    (tmp_path / "closed").mkdir()
    (tmp_path / "opened").mkdir()
    with pytest.raises(UserError, match=r"open is missing: .* there are: closed, opened"):
        read_eyes(tmp_path)
    (tmp_path / "opened").rename(tmp_path / "Open")
    with pytest.raises(UserError, match="no picture"):
        read_eyes(tmp_path)
    (tmp_path / "closed" / "a.png").write_bytes(b"not a picture")
    with pytest.raises(UserError, match="open holds no picture"):
        read_eyes(tmp_path)
    cv2.imwrite(str(tmp_path / "Open" / "a.png"), np.zeros((3, 3), np.uint8))
    with pytest.raises(UserError, match="cannot be read"):
        read_eyes(tmp_path)


def test_pictures_are_found_in_sub_folders_and_behind_links_once_but_not_what_systems_leave(tmp_path: Path) -> None:
    folder = tmp_path / "eyes"
    for name in ("a.png", "anna/B.JPG", "ünï cödé/c d.Tiff", "old/e.pgm"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    for name in (
        "._a.png",
        ".DS_Store",
        "Thumbs.db",
        "__MACOSX/._a.png",
        "__MACOSX/f.png",
        ".cache/g.png",
        "notes.txt",
    ):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).touch()
    (folder / "folder.png").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "h.png").touch()
    (folder / "link").symlink_to(tmp_path / "elsewhere")
    (folder / "anna" / "loop").symlink_to(folder)
    names = [str(p.relative_to(folder)) for p in picture_files(folder)]
    assert names == ["a.png", "anna/B.JPG", "link/h.png", "old/e.pgm", "ünï cödé/c d.Tiff"]


@pytest.mark.parametrize(
    "change",
    [
        lambda picture: np.dstack([picture] * 3),
        lambda picture: np.dstack([picture] * 3 + [np.full_like(picture, 9)]),
        lambda picture: picture.astype(np.uint16) * 257,
    ],
    ids=["colour", "alpha", "16 bit"],
)
def test_pictures_of_any_kind_are_read_as_the_same_grey(
    tmp_path: Path, change: Callable[[npt.NDArray[Any]], npt.NDArray[Any]]
) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (20, 30), np.uint8)
    cv2.imwrite(str(tmp_path / "a.png"), change(picture))
    assert (read_grey(tmp_path / "a.png") == picture).all()


@pytest.mark.parametrize("read", [read_eyes, read_frames])
def test_a_file_where_a_folder_is_wanted_is_told(tmp_path: Path, read: Callable[[Path], object]) -> None:
    (tmp_path / "empty.csv").touch()
    with pytest.raises(UserError, match=r"empty\.csv is a file: give (a|the) folder"):
        read(tmp_path / "empty.csv")


def test_an_empty_table_is_told_and_missing_columns_in_their_order(tmp_path: Path) -> None:
    table = tmp_path / "landmarks68_made.csv"
    table.touch()
    with pytest.raises(UserError, match="the file is empty"):
        read_landmarks(table)
    table.write_text("file,x0\na.jpg,1\n")
    with pytest.raises(UserError, match="has no column y0, x1, y1, x2 and so on: see"):
        read_landmarks(table)


def test_landmarks_keep_their_order(tmp_path: Path) -> None:
    names = [f"{axis}{i}" for i in range(68) for axis in "xy"]
    table = tmp_path / "landmarks68_made.csv"
    table.write_text(",".join(["file", *names]) + "\na.jpg," + ",".join(str(i) for i in range(136)) + "\n")
    faces = read_landmarks(table)
    assert faces.files == [tmp_path / "a.jpg"]
    assert faces.points[0, 3].tolist() == [6, 7]
    table.write_text(",".join(["file", *names]) + "\na.jpg," + ",".join(["x"] * 136) + "\n")
    with pytest.raises(UserError, match="no number"):
        read_landmarks(table)


def test_frames_may_lack_boxes_and_yawns(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text("file,yawn,scene_group,x,y,w,h\na.jpg,1,night,1,2,3,4\nb.jpg,0,,,,,\n")
    with_box, without = read_frames(tmp_path)
    assert (with_box.yawn, with_box.group, with_box.box) == (True, "night", (1, 2, 3, 4))
    assert (without.yawn, without.group, without.box) == (False, "", None)
    (tmp_path / "labels.csv").write_text("file,x,y,w,h\na.jpg,1,2,3,wide\n")
    with pytest.raises(UserError, match=r"a\.jpg"):
        read_frames(tmp_path)


@pytest.mark.parametrize(
    "content",
    [
        "\ufefffile,yawn,x,y,w,h\r\na b.jpg,1,1.5,2,3,4\r\n",
        "file;yawn;x;y;w;h\na b.jpg;1;1,5;2;3;4\n",
        "file\tyawn\tx\ty\tw\th\na b.jpg\t1\t1.5\t2\t3\t4\n",
        "file, yawn, x, y, w, h\na b.jpg, 1, 1.5, 2, 3, 4\n",
        '"file","yawn","x","y","w","h"\n"a b.jpg","1","1.5","2","3","4"\n',
        "File,YAWN,X,Y,W,H,Note\na b.jpg,1,1.5,2,3,4\n",
        "h,w,y,x,id,yawn,file\n4,3,2,1.5,7,1,a b.jpg\n",
        "\n".join(["file,yawn,x,y,w,h", "", "a b.jpg,1,1.5,2,3,4", ",,,,,", ""]),
    ],
    ids=["BOM and CRLF", "semicolons", "tabs", "blanks", "quotes", "capitals", "other order", "blank rows"],
)
def test_tables_may_be_written_as_people_and_spreadsheets_do(tmp_path: Path, content: str) -> None:
    (tmp_path / "labels.csv").write_bytes(content.encode())
    (frame,) = read_frames(tmp_path)
    assert (frame.file, frame.yawn, frame.box) == (tmp_path / "a b.jpg", True, (1.5, 2, 3, 4))


def test_a_table_of_another_case_and_paths_of_windows_are_understood(tmp_path: Path) -> None:
    (tmp_path / "Labels.CSV").write_text("file\nimages\\a.jpg\n")
    assert read_frames(tmp_path)[0].file == tmp_path / "images" / "a.jpg"


@pytest.mark.parametrize(("yes", "no"), [("Yawn", "No Yawn"), ("yawning", "not_yawning"), ("1.0", "0.0"), ("Y", "n")])
def test_yawns_may_be_said_in_words(tmp_path: Path, yes: str, no: str) -> None:
    (tmp_path / "labels.csv").write_text(f"file,yawn\na.jpg,{yes}\nb.jpg,{no}\n")
    assert [frame.yawn for frame in read_frames(tmp_path)] == [True, False]


@pytest.mark.parametrize("box", ["nan,nan,nan,nan", "0,0,0,0", "-1,-1,-1,-1", "1,,3,4"])
def test_a_box_of_nothing_is_no_box(tmp_path: Path, box: str) -> None:
    (tmp_path / "labels.csv").write_text(f"file,x,y,w,h\na.jpg,{box}\n")
    assert read_frames(tmp_path)[0].box is None


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"file,yawn\na.jpg,1\nb.jpg,maybe\n", "row 2: yawn must be 0 or 1, not 'maybe'"),
        (b"file,yawn\na.jpg,-1\n", "row 1: yawn must be 0 or 1, not '-1'"),
        (b"yawn,file\n1,a.jpg\n1\n", "row 2 is shorter"),
        (b"file,yawn\n\xff.jpg,1\n", "not a CSV file in UTF-8"),
    ],
)
def test_labels_that_cannot_be_read_are_told(tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "labels.csv").write_bytes(content)
    with pytest.raises(UserError, match=words):
        read_frames(tmp_path)
