"""The evaluation of facial expressions: layouts, counts, curves, pictures and occlusion maps, not accuracy."""

import importlib.util
import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from dms.datasets.expressions import LABELS
from dms.datasets.fer import FERPLUS
from dms.errors import UserError, WorldError
from dms.evaluate import emotion
from dms.evaluate.emotion import ModelFaces
from dms.evaluate.plots import draw
from dms.evaluate.run import run_emotion
from dms.evaluate.saliency import occlude
from dms.models import ModelFile, find_model
from dms.training.trained import open_trained
from tests.command import Run

NEEDS_MATPLOTLIB = pytest.mark.skipif(importlib.util.find_spec("matplotlib") is None, reason="needs the extra pictures")


class Brightest:
    """Answers with the class whose eighth of the picture is the brightest."""

    name = "brightest"

    def __init__(self, *label_sets: str) -> None:
        self.label_sets: Sequence[str] = label_sets

    def answer(self, faces: Sequence[npt.NDArray[np.uint8]]) -> Mapping[str, npt.NDArray[np.float32]]:
        columns = np.stack([face.reshape(48, 8, 6).mean((0, 2)) for face in faces]).astype(np.float32)
        shares = {name: columns[:, : len(LABELS[name])] + 1 for name in self.label_sets}
        return {name: values / values.sum(1, keepdims=True) for name, values in shares.items()}


def striped(label: int) -> npt.NDArray[np.uint8]:
    face = np.zeros((48, 48), np.uint8)
    face[:, 6 * label : 6 * label + 6] = 255
    return face


def save(path: Path, picture: npt.NDArray[Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), picture)


@pytest.fixture
def tables(tmp_path: Path) -> tuple[Path, Path]:
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


def test_each_label_set_is_reported_apart(tables: tuple[Path, Path]) -> None:
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


def test_only_the_label_sets_that_a_model_answers_in_are_reported(tables: tuple[Path, Path]) -> None:
    report = emotion.evaluate(tables[0], Brightest("fer2013"), "PublicTest", tables[1])
    assert [head.label_set for head in report.heads] == ["fer2013"]


def test_a_model_of_other_labels_is_told(tables: tuple[Path, Path]) -> None:
    with pytest.raises(UserError, match="labelled in fer2013"):
        emotion.evaluate(tables[0], Brightest("ferplus"), "PublicTest")


def test_the_shipped_model_answers_in_both(tables: tuple[Path, Path]) -> None:
    report = emotion.evaluate(tables[0], ModelFaces(find_model("emotion")), "Training", tables[1])
    assert [head.result.samples for head in report.heads] == [2, 2]
    assert report.latency.median_ms > 0


def test_folders_are_taken_in_the_label_set_of_their_names(tmp_path: Path) -> None:
    for name, label in (("angry", 0), ("happy", 3)):
        save(tmp_path / name / "a.png", cv2.resize(striped(label), (96, 80)))
    (head,) = emotion.evaluate(tmp_path, Brightest("fer2013")).heads
    assert head.result.accuracy == 1
    assert sum(c.support for c in head.result.classes) == 2


def test_folders_of_other_names_are_refused(tmp_path: Path) -> None:
    (tmp_path / "furious").mkdir()
    with pytest.raises(UserError, match="furious"):
        emotion.evaluate(tmp_path, Brightest("fer2013"))


@pytest.mark.parametrize(
    ("names", "label_set", "classes"),
    [
        (("Angry", "HAPPY"), "fer2013", ("angry", "happy")),
        (("anger", "happiness"), "ferplus", ("anger", "happiness")),
        (("Anger", "sad", "surprised"), "fer2013", ("angry", "sad", "surprise")),
        (("angry", "contempt"), "ferplus", ("anger", "contempt")),
    ],
)
def test_folders_may_be_named_as_people_name_them(
    tmp_path: Path, names: tuple[str, ...], label_set: str, classes: tuple[str, ...]
) -> None:
    for name, label in zip(names, classes, strict=True):
        save(tmp_path / name / "a.png", striped(LABELS[label_set].index(label)))
    report = emotion.evaluate(tmp_path, Brightest("fer2013", "ferplus"))
    (head,) = report.heads
    assert (head.label_set, head.result.accuracy, head.result.samples) == (label_set, 1, len(names))
    other = [f"{n} as {c}" for n, c in zip(names, classes, strict=True) if n.lower() != c]
    assert list(report.warnings) == ([f"folders taken as classes of {label_set}: {', '.join(other)}"] if other else [])


def test_what_is_no_class_or_no_picture_is_left_out_and_told(tmp_path: Path) -> None:
    for name in ("happy/a.png", "sad/.hidden.png", "__MACOSX/x.png", "beside.png"):
        save(tmp_path / name, striped(3))
    (tmp_path / "happy" / "broken.png").write_bytes(b"not a picture")
    report = emotion.evaluate(tmp_path, Brightest("fer2013"))
    assert (report.heads[0].result.samples, report.left_out) == (1, 2)
    told = " ".join(report.to_json()["warnings"])
    assert all(name in told for name in ("broken.png", "beside.png", "no picture in"))


def test_votes_go_with_the_table_and_not_with_a_folder(tmp_path: Path, tables: tuple[Path, Path]) -> None:
    save(tmp_path / "faces" / "happy" / "a.png", striped(3))
    with pytest.raises(UserError, match="--ferplus goes with"):
        emotion.evaluate(tmp_path / "faces", Brightest("fer2013"), ferplus=tables[1])
    with pytest.raises(UserError, match=r"fer2013\.csv$"):
        emotion.evaluate(tables[0].parent, Brightest("fer2013"))


def test_without_any_majority_the_original_labels_are_still_measured(tables: tuple[Path, Path]) -> None:
    rows = tables[1].read_text().splitlines()
    tables[1].write_text("\n".join([rows[0], *["PublicTest,x.png,5,5" + ",0" * 8] * 8]))
    report = emotion.evaluate(tables[0], Brightest("fer2013", "ferplus"), "PublicTest", tables[1])
    assert [head.label_set for head in report.heads] == ["fer2013"]
    assert "no face has a label in ferplus" in report.warnings[0]


@pytest.mark.parametrize(("shift", "told"), [(0, False), (1, True)])
def test_votes_of_other_faces_are_noticed(tmp_path: Path, shift: int, told: bool) -> None:
    """FER+'s image names are no row numbers: joining by them looks fine and is wrong."""
    order = [FERPLUS.index(n) for n in ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral")]
    fer, plus = ["emotion,pixels,Usage"], [",".join(["Usage", *FERPLUS, "unknown", "NF"])]
    for number in range(140):
        votes = [0] * 10
        votes[order[(number + shift) % 7]] = 10
        fer.append(f"{number % 7},{' '.join(map(str, striped(number % 7).ravel()))},PublicTest")
        plus.append(",".join(["PublicTest", *map(str, votes)]))
    (tmp_path / "a.csv").write_text("\n".join(fer))
    (tmp_path / "b.csv").write_text("\n".join(plus))
    report = emotion.evaluate(tmp_path / "a.csv", Brightest("fer2013"), "PublicTest", tmp_path / "b.csv")
    assert any("rows of both files in one order" in line for line in report.warnings) is told


def test_a_model_with_other_outputs_is_refused() -> None:
    eyes = find_model("eyes")
    with pytest.raises(UserError, match=r"\(3,\)"):
        ModelFaces(ModelFile("eyes", eyes.path, eyes.card))
    with pytest.raises(UserError, match="its card names"):
        ModelFaces(ModelFile("eyes", eyes.path, {"outputs": [7]}))


@pytest.mark.slow
@NEEDS_MATPLOTLIB
def test_pictures_of_both_label_sets_are_drawn(tables: tuple[Path, Path], tmp_path: Path) -> None:
    out = tmp_path / "new" / "pictures"
    run_emotion(tables[0], Brightest("fer2013", "ferplus"), ferplus=tables[1], pictures=out)
    wanted = {f"{kind}_{name}.png" for kind in ("confusion", "roc", "reliability") for name in LABELS}
    assert {file.name for file in out.iterdir()} == wanted
    for file in out.iterdir():
        picture = cv2.imread(str(file))
        assert min(picture.shape[:2]) > 500
        assert picture.std() > 5, "not an empty sheet"


@NEEDS_MATPLOTLIB
def test_faces_without_anger_have_no_curve_to_draw(tmp_path: Path) -> None:
    save(tmp_path / "happy" / "a.png", striped(3))
    report = emotion.evaluate(tmp_path, Brightest("fer2013"))
    assert report.heads[0].anger_auc is None
    assert {file.name for file in draw(report, tmp_path / "out")} == {
        "confusion_fer2013.png",
        "reliability_fer2013.png",
    }


def test_an_occlusion_map_shows_what_the_answer_rests_on(tmp_path: Path) -> None:
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


def test_a_square_over_the_whole_clue_breaks_the_answer(tmp_path: Path) -> None:
    face = np.zeros((48, 48), np.uint8)
    face[10:14, 24:30] = 255
    save(tmp_path / "faces" / "face.png", face)
    report = occlude(tmp_path / "faces", Brightest("fer2013"), square=8)
    assert 0 < report.maps[0].broken < 0.2
    assert json.loads(json.dumps(report.to_json()))["faces"][0]["label"] == "sad"


@NEEDS_MATPLOTLIB
def test_each_face_gets_its_map(tmp_path: Path) -> None:
    for label in range(2):
        save(tmp_path / "faces" / f"{label}.png", striped(label))
    run_emotion(tmp_path / "faces", Brightest("ferplus"), square=10, pictures=tmp_path / "out")
    assert sorted(file.name for file in (tmp_path / "out").iterdir()) == ["occlusion_0.png", "occlusion_1.png"]


@NEEDS_MATPLOTLIB
def test_faces_of_one_name_get_a_map_each_and_a_broken_one_is_told(tmp_path: Path) -> None:
    for name in ("a.png", "a.bmp", "b/a.png"):
        save(tmp_path / "faces" / name, striped(1))
    (tmp_path / "faces" / "c.png").write_bytes(b"not a picture")
    report = run_emotion(tmp_path / "faces", Brightest("ferplus"), square=40, pictures=tmp_path / "out")
    drawn = sorted(file.name for file in (tmp_path / "out").iterdir())
    assert drawn == ["occlusion_a.png", "occlusion_a_2.png", "occlusion_a_3.png"]
    assert (report.left_out, report.to_json()["left_out"]) == (1, 1)


@NEEDS_MATPLOTLIB
def test_a_folder_that_cannot_be_written_is_told_before_anything_is_measured(tables: tuple[Path, Path]) -> None:
    class Unasked(Brightest):
        def answer(self, faces: Sequence[npt.NDArray[np.uint8]]) -> Mapping[str, npt.NDArray[np.float32]]:
            raise AssertionError("measured in vain")

    with pytest.raises(WorldError, match="cannot be written"):
        run_emotion(tables[0], Unasked("fer2013"), pictures=tables[0] / "out")


def test_a_map_needs_a_place_to_be_drawn(tmp_path: Path) -> None:
    save(tmp_path / "face.png", striped(0))
    with pytest.raises(UserError, match="--pictures"):
        run_emotion(tmp_path / "face.png", Brightest("fer2013"), square=10)


def test_without_matplotlib_it_says_what_to_install(
    tables: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [n for n in sys.modules if n.partition(".")[0] == "matplotlib"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(UserError, match=r"pip install '\.\[pictures\]'"):
        run_emotion(tables[0], Brightest("fer2013"), pictures=tmp_path / "out")


@pytest.mark.parametrize(("name", "missing"), [("model.keras", "keras"), ("svm.joblib", "joblib")])
def test_without_the_extra_a_trained_file_says_what_to_install(
    name: str, missing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / name).write_bytes(b"")
    monkeypatch.delitem(sys.modules, "dms.training.papers.svm", raising=False)
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(UserError, match=rf"needs {missing}: pip install '\.\[train\]'"):
        open_trained(tmp_path / name)


@pytest.mark.slow
def test_json_stays_json_and_what_was_left_out_is_told_on_stderr(tmp_path: Path) -> None:
    save(tmp_path / "happy" / "a.png", striped(3))
    (tmp_path / "happy" / "broken.png").write_bytes(b"not a picture")
    command = [sys.executable, "-m", "dms", "evaluate", "emotion", str(tmp_path)]
    done = subprocess.run([*command, "--json"], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["left_out"] == 1
    (told,) = own_lines(done.stderr)
    assert told.startswith("dms: left out, ")
    assert "broken.png" in told
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.endswith("not measured on: 1 pictures or rows\n")


@pytest.mark.slow
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has /dev/full")
def test_a_full_disk_under_the_report_is_one_line(tmp_path: Path) -> None:
    save(tmp_path / "happy" / "a.png", striped(3))
    command = [sys.executable, "-m", "dms", "evaluate", "emotion", str(tmp_path), "--json"]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 1
    assert own_lines(done.stderr) == ["dms: standard output cannot be written (No space left on device)"]


def own_lines(errors: str) -> list[str]:
    """Standard error without what LiteRT says of itself."""
    return [line for line in errors.splitlines() if not line.startswith("INFO: ")]


def test_options_of_emotion_are_not_for_other_models(dms: Run, tmp_path: Path) -> None:
    done = dms("evaluate", "eyes", tmp_path, "--pictures", tmp_path)
    assert done.returncode == 2
    assert "No such option: --pictures" in " ".join(done.stderr.split())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--model", "none.keras"), "none.keras: no such file"),
        (("--model", "none.tflite"), "none.tflite: no such file; --model names"),
        (("--model", "model.h5"), "a .tflite file"),
        (("--occlusion",), "--pictures"),
    ],
)
def test_the_command_tells_what_is_wrong_in_one_line(
    dms: Run, tables: tuple[Path, Path], arguments: tuple[str, ...], words: str
) -> None:
    done = dms("evaluate", "emotion", tables[0], *arguments)
    assert done.returncode == 2
    assert words in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
