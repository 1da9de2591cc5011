import importlib
import sys
from pathlib import Path
from typing import Any

import pytest

from dms.errors import UserError
from dms.training.train import RECIPES, train


def test_an_unknown_name_lists_the_recipes(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"choose from .*emotion.*cnn10.*all"):
        train("nose", [], tmp_path)


def test_options_of_the_papers_systems_are_not_for_others(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="not for eyes"):
        train("eyes", [], tmp_path, optimiser="sgd")
    with pytest.raises(UserError, match="neither epochs nor"):
        train("svm", [], tmp_path, epochs=3)


def test_all_says_what_is_missing_before_it_trains_anything(tmp_path: Path) -> None:
    (tmp_path / "fer2013.csv").write_text("emotion,pixels,Usage\n")
    with pytest.raises(UserError, match="eyes is trained from a folder with closed/ and open/: none given"):
        train("all", [tmp_path / "fer2013.csv"], tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [n for n in sys.modules if n.startswith("dms.training.") and n != "dms.training.train"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(UserError, match=r"pip install '\.\[train\]'"):
        train("eyes", [], tmp_path)


@pytest.mark.train
@pytest.mark.parametrize(
    ("name", "wanted"), [("emotion", "emotion is trained from fer2013new.csv .*: none given"), ("eyes", "eyes takes")]
)
def test_too_little_data_says_what_it_takes(name: str, wanted: str, tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="needs the extra train")
    (tmp_path / "fer2013.csv").write_text("emotion,pixels,Usage\n")
    with pytest.raises(UserError, match=wanted):
        train(name, [tmp_path / "fer2013.csv"], tmp_path / "out")


@pytest.mark.train
def test_all_gives_each_model_its_data_and_a_folder_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("torch", reason="needs the extra train")
    for folder in ("eyes/open", "eyes/closed", "lids/down", "lids/closed", "cabin", "news/anger"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "cabin" / "labels.csv").write_text("file,yawn\n")
    for name, columns in (
        ("points.csv", ["file", *(f"{axis}{i}" for i in range(68) for axis in "xy")]),
        ("fer.csv", ["emotion", "pixels", "Usage"]),
        ("plus.csv", ["Usage", "neutral", "contempt"]),
    ):
        (tmp_path / name).write_text(",".join(columns) + "\n")
    calls, begun = {}, {}
    for name, module in RECIPES.items():

        def made(data: list[Path], out: Path, options: Any, name: str = name) -> Path:
            calls[name] = ([path.name for path in data], options.epochs)
            begun[name] = options.shipped
            return out / f"{name}.tflite"

        monkeypatch.setattr(importlib.import_module(module), "train", made)
    given = [tmp_path / name for name in ("plus.csv", "fer.csv", "points.csv", "news", "lids", "eyes", "cabin")]
    files = train("all", given, tmp_path / "out", epochs=3)
    assert {file.relative_to(tmp_path / "out").as_posix() for file in files} == {f"{n}/{n}.tflite" for n in RECIPES}
    told = capsys.readouterr()
    assert told.out == "", "output is for the files that are made"
    assert told.err.splitlines() == [f"{name}, model {number} of 6" for number, name in enumerate(RECIPES, start=1)]
    assert calls["emotion"] == (["fer.csv", "plus.csv", "cabin", "news"], 3)
    assert calls["eyes"] == (["eyes", "points.csv"], 3)
    assert calls["face"] == (["points.csv", "cabin"], 3)
    assert calls["lids"] == (["lids"], 3)
    assert begun == {name: tmp_path / "out" / "eyes" / "eyes.tflite" if name == "lids" else None for name in RECIPES}
    # no public set shows lowered lids
    files = train("all", [path for path in given if path.name != "lids"], tmp_path / "out", epochs=3)
    assert {file.stem for file in files} == {*RECIPES} - {"lids"}
    assert capsys.readouterr().err.startswith("lids: left out, for want of a folder with closed/ and down/\n")
