from pathlib import Path

import cv2
import numpy as np
import pytest

from dms.datasets.expressions import label_set_of, read_expressions
from dms.datasets.fer import FERPLUS
from dms.errors import UserError


def save(file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(file), np.full((30, 20), 90, np.uint8))


@pytest.mark.parametrize("names", [("angry", "happy"), ("anger", "happiness"), ("Mad", "JOY")])
def test_faces_are_read_with_the_classes_of_ferplus_and_their_persons(tmp_path: Path, names: tuple[str, str]) -> None:
    save(tmp_path / names[0] / "ann-00001.png")
    save(tmp_path / names[1] / "bob_2.jpg")
    save(tmp_path / names[1] / "ann-00003.png")
    faces = read_expressions(tmp_path)
    said = {(FERPLUS[index], str(who)) for index, who in zip(faces.classes, faces.groups, strict=True)}
    assert said == {("anger", "ann"), ("happiness", "bob"), ("happiness", "ann")}
    assert [image.shape for image in faces.images] == [(30, 20)] * 3
    without_ann = faces.where(faces.groups != "ann")
    assert list(without_ann.groups) == ["bob"]
    assert len(without_ann.images) == 1


def test_folders_of_something_else_and_empty_ones_are_told(tmp_path: Path) -> None:
    (tmp_path / "open").mkdir()
    with pytest.raises(UserError, match="needs one sub-folder per class, named angry"):
        read_expressions(tmp_path)
    (tmp_path / "open").rename(tmp_path / "anger")
    with pytest.raises(UserError, match="hold no picture"):
        read_expressions(tmp_path)


def test_contempt_is_a_class_of_ferplus_alone() -> None:
    assert label_set_of(["angry", "happy"]) == ("fer2013", [0, 3])
    assert label_set_of(["angry", "contempt"]) == ("ferplus", [FERPLUS.index("anger"), FERPLUS.index("contempt")])
    assert label_set_of(["angry", "closed"]) is None
