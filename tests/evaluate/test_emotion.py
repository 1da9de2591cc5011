"""The evaluation of facial expressions: layouts, counts, curves, pictures and occlusion maps, not accuracy."""

import importlib.util
import json
import subprocess
import sys

import cv2
import numpy as np
import pytest

from dms.errors import UserError
from dms.evaluate import emotion
from dms.evaluate.emotion import LABELS, ModelFaces
from dms.evaluate.layouts import FERPLUS
from dms.evaluate.occlusion import occlude
from dms.evaluate.pictures import draw
from dms.evaluate.run import run_emotion
from dms.models import ModelFile, find_model
from dms.training.trained import open_trained

NEEDS_MATPLOTLIB = pytest.mark.skipif(importlib.util.find_spec("matplotlib") is None, reason="needs the extra pictures")


class Brightest:
    """Answers with the class whose eighth of the picture is the brightest."""

    name = "brightest"

    def __init__(self, *label_sets):
        self.label_sets = label_sets

    def answer(self, faces):
        columns = np.stack([face.reshape(48, 8, 6).mean((0, 2)) for face in faces]).astype(np.float32)
        shares = {name: columns[:, : len(LABELS[name])] + 1 for name in self.label_sets}
        return {name: values / values.sum(1, keepdims=True) for name, values in shares.items()}


def striped(label):
    face = np.zeros((48, 48), np.uint8)
    face[:, 6 * label : 6 * label + 6] = 255
    return face


def save(path, picture):
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), picture)


@pytest.fixture
def tables(tmp_path):
    """FER2013 and FER+ of eight PublicTest and two Training faces."""
    fer, plus = ["emotion,pixels,Usage"], [",".join(["Usage", "Image name", *FERPLUS, "unknown", "NF"])]
    for number in range(10):
        usage = "PublicTest" if number < 8 else "Training"
        label = number % 7
        fer.append(f"{label},{' '.join(map(str, striped(label).ravel()))},{usage}")
        votes = [0] * 10
        # the last PublicTest row is a tie, which the majority leaves out
        votes[label], votes[label + 1] = (5, 5) if number == 7 else (9, 1)
        plus.append(",".join([usage, "x.png", *map(str, votes)]))
    (tmp_path / "fer2013.csv").write_text("\n".join(fer))
    (tmp_path / "fer2013new.csv").write_text("\n".join(plus))
    return tmp_path / "fer2013.csv", tmp_path / "fer2013new.csv"


def test_each_label_set_is_reported_apart(tables):
    report = emotion.evaluate(tables[0], Brightest("fer2013", "ferplus"), "PublicTest", tables[1])
    assert [(head.label_set, head.result.samples) for head in report.heads] == [("fer2013", 8), ("ferplus", 7)]
    assert report.heads[0].result.accuracy == 1
    told = json.loads(json.dumps(report.to_json()))
    assert told["accuracy"] == {"fer2013": 1.0, "ferplus": 1.0}
    happy = told["heads"]["fer2013"]["result"]["classes"][3]
    assert happy["sensitivity"] == happy["recall"] == 1
    assert told["heads"]["ferplus"]["anger_roc"][0] == [0, 0]
    assert told["heads"]["ferplus"]["anger_roc"][-1] == [1, 1]
    for word in (
        "contempt",
        "sensitivity",
        "specificity",
        "expected calibration error",
        "5 % false positives",
        "latency",
    ):
        assert word in report.text()


def test_only_the_label_sets_that_a_model_answers_in_are_reported(tables):
    report = emotion.evaluate(tables[0], Brightest("fer2013"), "PublicTest", tables[1])
    assert [head.label_set for head in report.heads] == ["fer2013"]


def test_a_model_of_other_labels_is_told(tables):
    with pytest.raises(UserError, match="labelled in fer2013"):
        emotion.evaluate(tables[0], Brightest("ferplus"), "PublicTest")


def test_the_shipped_model_answers_in_both(tables):
    report = emotion.evaluate(tables[0], ModelFaces(find_model("emotion")), "Training", tables[1])
    assert [head.result.samples for head in report.heads] == [2, 2]
    assert report.latency.median_ms > 0


def test_folders_are_taken_in_the_label_set_of_their_names(tmp_path):
    for name, label in (("angry", 0), ("happy", 3)):
        save(tmp_path / name / "a.png", cv2.resize(striped(label), (96, 80)))
    (head,) = emotion.evaluate(tmp_path, Brightest("fer2013")).heads
    assert head.result.accuracy == 1
    assert sum(c.support for c in head.result.classes) == 2


def test_folders_of_other_names_are_refused(tmp_path):
    (tmp_path / "furious").mkdir()
    with pytest.raises(UserError, match="furious"):
        emotion.evaluate(tmp_path, Brightest("fer2013"))


def test_a_model_with_other_outputs_is_refused():
    eyes = find_model("eyes")
    with pytest.raises(UserError, match=r"\(3,\)"):
        ModelFaces(ModelFile("eyes", eyes.path, eyes.card))


@NEEDS_MATPLOTLIB
def test_pictures_of_both_label_sets_are_drawn(tables, tmp_path):
    out = tmp_path / "new" / "pictures"
    run_emotion(tables[0], Brightest("fer2013", "ferplus"), ferplus=tables[1], pictures=out)
    wanted = {f"{kind}_{name}.png" for kind in ("confusion", "roc", "reliability") for name in LABELS}
    assert {file.name for file in out.iterdir()} == wanted
    for file in out.iterdir():
        picture = cv2.imread(str(file))
        assert min(picture.shape[:2]) > 500
        assert picture.std() > 5, "not an empty sheet"


@NEEDS_MATPLOTLIB
def test_faces_without_anger_have_no_curve_to_draw(tmp_path):
    save(tmp_path / "happy" / "a.png", striped(3))
    report = emotion.evaluate(tmp_path, Brightest("fer2013"))
    assert report.heads[0].anger_auc is None
    assert {file.name for file in draw(report, tmp_path / "out")} == {
        "confusion_fer2013.png",
        "reliability_fer2013.png",
    }


def test_an_occlusion_map_shows_what_the_answer_rests_on(tmp_path):
    face = striped(4)
    face[:, 6:12] = 150
    save(tmp_path / "face.png", face)
    (found,) = occlude(tmp_path / "face.png", Brightest("fer2013"), square=12).maps
    assert found.label == "sad"
    inside, beside = found.loss[:, 24:30].mean(), found.loss[:, 42:].mean()
    assert inside > 0 >= beside
    assert found.loss[:, 6:12].mean() < 0, "hiding the rival makes it surer"
    assert found.broken == 0
    assert "face.png: sad" in occlude(tmp_path / "face.png", Brightest("fer2013"), square=47).text()


def test_a_square_over_the_whole_clue_breaks_the_answer(tmp_path):
    face = np.zeros((48, 48), np.uint8)
    face[10:14, 24:30] = 255
    save(tmp_path / "faces" / "face.png", face)
    report = occlude(tmp_path / "faces", Brightest("fer2013"), square=8)
    assert 0 < report.maps[0].broken < 0.2
    assert json.loads(json.dumps(report.to_json()))["faces"][0]["label"] == "sad"


@NEEDS_MATPLOTLIB
def test_each_face_gets_its_map(tmp_path):
    for label in range(2):
        save(tmp_path / "faces" / f"{label}.png", striped(label))
    run_emotion(tmp_path / "faces", Brightest("ferplus"), square=10, pictures=tmp_path / "out")
    assert sorted(file.name for file in (tmp_path / "out").iterdir()) == ["occlusion_0.png", "occlusion_1.png"]


def test_a_map_needs_a_place_to_be_drawn(tmp_path):
    save(tmp_path / "face.png", striped(0))
    with pytest.raises(UserError, match="--pictures"):
        run_emotion(tmp_path / "face.png", Brightest("fer2013"), square=10)


def test_without_matplotlib_it_says_what_to_install(tables, tmp_path, monkeypatch):
    for name in [n for n in sys.modules if n.partition(".")[0] == "matplotlib"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(UserError, match=r"pip install '\.\[pictures\]'"):
        run_emotion(tables[0], Brightest("fer2013"), pictures=tmp_path / "out")


@pytest.mark.parametrize(("name", "missing"), [("model.keras", "keras"), ("svm.joblib", "joblib")])
def test_without_the_extra_a_trained_file_says_what_to_install(name, missing, tmp_path, monkeypatch):
    (tmp_path / name).write_bytes(b"")
    monkeypatch.delitem(sys.modules, "dms.training.zoo.svm", raising=False)
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(UserError, match=rf"needs {missing}: pip install '\.\[train\]'"):
        open_trained(tmp_path / name)


def test_options_of_emotion_are_not_for_other_models(tmp_path):
    command = [sys.executable, "-m", "dms", "evaluate", "eyes", str(tmp_path), "--pictures", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "are for emotion, not for eyes" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--model", "none.keras"), "none.keras: no such file"),
        (("--model", "none.tflite"), "none.tflite: no such file; --model names"),
        (("--model", "model.h5"), "a .tflite file"),
        (("--occlusion",), "--pictures"),
    ],
)
def test_the_command_tells_what_is_wrong_in_one_line(tables, arguments, words):
    command = [sys.executable, "-m", "dms", "evaluate", "emotion", str(tables[0]), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tables[0].parent)
    assert done.returncode == 2
    assert words in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
