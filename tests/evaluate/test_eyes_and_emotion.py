"""The evaluations on made pictures with the shipped models: layouts, counts and JSON, not accuracy."""

import json

import cv2
import numpy as np
import pytest

from dms.errors import UserError
from dms.evaluate import emotion, eyes
from dms.models import find_model


def save(path, picture):
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), picture)


@pytest.fixture
def patches(tmp_path):
    rng = np.random.default_rng(0)
    for number, state in enumerate(("open", "closed", "closed")):
        save(tmp_path / state / f"anna-{number}.png", rng.integers(0, 256, (40, 60), np.uint8))
    save(tmp_path / "open" / "ben-3.png", np.zeros((24, 24), np.uint8))
    return tmp_path


def test_unknown_eyes_count_as_wrong_and_are_left_out(patches):
    report = eyes.evaluate(patches, find_model("eyes"))
    assert report.overall.samples == 4
    assert report.overall.confusion[0][2] >= 1, "the black patch is unknown"
    assert report.by_group["ben"] == 0
    assert report.unknown_share == sum(row[2] for row in report.overall.confusion) / 4
    known = report.known.samples if report.known else 0
    assert known == 4 - report.unknown_share * 4
    told = json.loads(json.dumps(report.to_json()))
    assert told["accuracy"] == report.overall.accuracy
    assert "unknown" in report.text()


def test_emotion_from_the_csv_reports_each_label_set(tmp_path):
    rng = np.random.default_rng(0)
    names = ["neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt", "unknown", "NF"]
    fer, plus = ["emotion,pixels,Usage"], [",".join(["Usage", "Image name", *names])]
    for number in range(6):
        usage = "PublicTest" if number < 4 else "Training"
        fer.append(f"{number},{' '.join(map(str, rng.integers(0, 256, 2304)))},{usage}")
        votes = [0] * 10
        # the last PublicTest row is a tie, which the majority leaves out
        votes[number], votes[number + 1] = (5, 5) if number == 3 else (9, 1)
        plus.append(",".join([usage, "x.png", *map(str, votes)]))
    (tmp_path / "fer2013.csv").write_text("\n".join(fer))
    (tmp_path / "fer2013new.csv").write_text("\n".join(plus))
    report = emotion.evaluate(
        tmp_path / "fer2013.csv", find_model("emotion"), "PublicTest", tmp_path / "fer2013new.csv"
    )
    assert [(head.label_set, head.result.samples) for head in report.heads] == [("fer2013", 4), ("ferplus", 3)]
    told = json.loads(json.dumps(report.to_json()))
    assert set(told["accuracy"]) == {"fer2013", "ferplus"}
    assert "contempt" in report.text()


def test_emotion_from_folders_takes_the_label_set_of_their_names(tmp_path):
    rng = np.random.default_rng(0)
    for name in ("angry", "happy"):
        save(tmp_path / name / "a.png", rng.integers(0, 256, (90, 80), np.uint8))
    (head,) = emotion.evaluate(tmp_path, find_model("emotion")).heads
    assert head.label_set == "fer2013"
    assert sum(c.support for c in head.result.classes) == 2


def test_folders_of_other_names_are_refused(tmp_path):
    (tmp_path / "furious").mkdir()
    with pytest.raises(UserError, match="furious"):
        emotion.evaluate(tmp_path, find_model("emotion"))
