from pathlib import Path

import pytest

from dms.datasets.sources import data_for, data_of, only_fer2013, sort_sources
from dms.errors import UserError

POINTS = ",".join(["file", *(f"{axis}{i}" for i in range(68) for axis in "xy")])
NAMES = ("face", "landmarks", "eyes", "lids", "mouth", "emotion")


@pytest.fixture
def everything(tmp_path: Path) -> list[Path]:
    for folder in (
        "cew/open",
        "cew/closed",
        "lids/down",
        "lids/closed",
        "lids/open",
        "cabin",
        "news/anger",
        "news/joy",
    ):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "cabin" / "labels.csv").write_text("file,yawn\n")
    for name, columns in (
        ("votes.csv", "Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF"),
        ("faces.csv", "emotion,pixels,Usage"),
        ("loose.csv", POINTS),
        ("accurate.csv", "\ufeff" + POINTS),
    ):
        (tmp_path / name).write_text(columns + "\n")
    names = ("news", "votes.csv", "cabin", "accurate.csv", "faces.csv", "cew", "lids", "loose.csv")
    return [tmp_path / name for name in names]


def test_each_model_gets_what_it_is_trained_from_in_its_order(everything: list[Path]) -> None:
    found = data_of(NAMES, sort_sources(everything))
    names = {model: [path.name for path in paths] for model, paths in found.items()}
    assert names["emotion"] == ["faces.csv", "votes.csv", "cabin", "news"]
    assert names["eyes"] == ["cew", "accurate.csv"]
    assert names["lids"] == ["lids"]
    assert names["face"] == names["landmarks"] == names["mouth"] == ["accurate.csv", "loose.csv", "cabin"]


@pytest.mark.parametrize(
    ("left_out", "model"),
    [
        ("votes.csv", "emotion"),
        ("cabin", "emotion"),
        ("news", "emotion"),
        ("cew", "eyes"),
        ("lids", "lids"),
        ("cabin", "mouth"),
    ],
)
def test_what_a_model_cannot_do_without_is_told(everything: list[Path], left_out: str, model: str) -> None:
    given = sort_sources(path for path in everything if path.name != left_out)
    with pytest.raises(UserError, match=f"{model} is trained from .*none given"):
        data_of([model], given)


def test_two_tables_where_one_is_wanted_are_told(everything: list[Path]) -> None:
    twice = sort_sources([*everything, next(path for path in everything if path.name == "faces.csv")])
    with pytest.raises(UserError, match="2 given"):
        data_of(["emotion"], twice)


def test_one_model_is_given_all_of_what_it_takes_and_nothing_else(everything: list[Path]) -> None:
    wanted = [path for path in everything if path.name in {"faces.csv", "votes.csv", "cabin", "news"}]
    assert [path.name for path in data_for("emotion", wanted)] == ["faces.csv", "votes.csv", "cabin", "news"]
    with pytest.raises(UserError, match=r"emotion is not trained from .*cew"):
        data_for("emotion", [*wanted, next(path for path in everything if path.name == "cew")])


@pytest.mark.parametrize("content", [b"a,b\n1,2\n", b"", b"\xff\xfe\x00"])
def test_a_file_in_no_layout_is_told_with_the_layouts(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.csv").write_bytes(content)
    with pytest.raises(UserError, match=r"x\.csv is none of: fer2013\.csv .*labels\.csv"):
        sort_sources([tmp_path / "x.csv"])


def test_a_folder_in_no_layout_and_a_missing_path_are_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is none of"):
        sort_sources([tmp_path])
    with pytest.raises(UserError, match="no such file"):
        sort_sources([tmp_path / "none"])


def test_the_systems_of_the_papers_take_one_table(everything: list[Path], tmp_path: Path) -> None:
    assert only_fer2013("svm", [everything[3]]) == everything[3]
    for data in ([], everything[:2], [tmp_path]):
        with pytest.raises(UserError, match=r"svm takes one file: fer2013\.csv"):
            only_fer2013("svm", data)
