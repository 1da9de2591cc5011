import sys
from pathlib import Path

import pytest

from dms.errors import UserError
from dms.training.train import train


def test_an_unknown_name_lists_the_recipes(tmp_path):
    with pytest.raises(UserError, match=r"choose from .*emotion.*cnn10.*all"):
        train("nose", [], tmp_path)


def test_options_of_the_papers_systems_are_not_for_others(tmp_path):
    with pytest.raises(UserError, match="not for eyes"):
        train("eyes", [], tmp_path, optimiser="sgd")


def test_all_says_what_is_missing_before_it_trains_anything(tmp_path):
    (tmp_path / "fer2013.csv").write_text("emotion,pixels,Usage\n")
    with pytest.raises(UserError, match="eyes is trained from a folder with closed/ and open/: none given"):
        train("all", [tmp_path / "fer2013.csv"], tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_without_the_extra_it_says_what_to_install(monkeypatch, tmp_path):
    for name in [n for n in sys.modules if n.startswith("dms.training.") and n != "dms.training.train"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(UserError, match=r"pip install '\.\[train\]'"):
        train("eyes", [], tmp_path)


@pytest.mark.parametrize(("name", "data"), [("emotion", ["fer2013.csv"]), ("eyes", ["labels.csv"])])
def test_too_little_data_says_what_it_takes(name, data, tmp_path):
    pytest.importorskip("torch", reason="needs the extra train")
    with pytest.raises(UserError, match=f"{name} takes"):
        train(name, [Path(d) for d in data], tmp_path)
