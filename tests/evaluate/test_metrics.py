import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dms.evaluate.metrics import auc, calibration_error, classification, recall_at, roc, table

TRUTH = np.array([0, 0, 0, 1, 1, 2])
ANSWERS = np.array([0, 0, 1, 1, 0, 2])


def test_a_confusion_worked_by_hand() -> None:
    result = classification(TRUTH, ANSWERS, ("a", "b", "c"))
    assert result.confusion == ((2, 1, 0), (1, 1, 0), (0, 0, 1))
    assert result.accuracy == pytest.approx(4 / 6)
    assert result.balanced_accuracy == pytest.approx((2 / 3 + 1 / 2 + 1) / 3)
    a = result.classes[0]
    assert (a.precision, a.recall, a.specificity, a.f1) == pytest.approx((2 / 3, 2 / 3, 2 / 3, 2 / 3))


def test_unknown_is_an_answer_that_is_wrong_for_every_class() -> None:
    result = classification(np.array([0, 1, 1]), np.array([0, 2, 1]), ("open", "closed"), unknown=True)
    assert result.accuracy == pytest.approx(2 / 3)
    assert result.confusion == ((1, 0, 0), (0, 1, 1))
    assert result.classes[1].recall == pytest.approx(1 / 2)
    assert result.classes[0].precision == 1


def test_the_unknown_column_is_there_when_nothing_was_unknown() -> None:
    result = classification(np.array([0, 1, 1]), np.array([0, 0, 1]), ("open", "closed"), unknown=True)
    assert result.confusion == ((1, 0, 0), (1, 1, 0))
    rows = [line.split() for line in table(result, ("unknown",)).splitlines()[-3:]]
    assert rows == [["truth", "/", "answer", "open", "closed", "unknown"], ["open", *"100"], ["closed", *"110"]]


def test_a_class_that_never_occurs_has_no_recall_and_does_not_count() -> None:
    result = classification(np.array([0, 0]), np.array([0, 0]), ("a", "b"))
    assert result.classes[1].recall is None
    assert result.classes[1].precision is None
    assert result.balanced_accuracy == 1


def test_roc_of_a_perfect_and_of_a_reversed_score() -> None:
    positive = np.array([True, True, False, False])
    assert auc(positive, np.array([0.9, 0.8, 0.2, 0.1])) == 1
    assert auc(positive, np.array([0.1, 0.2, 0.8, 0.9])) == 0
    assert auc(positive, np.full(4, 0.5)) == 0.5
    assert auc(np.ones(3, bool), np.arange(3.0)) is None


def test_recall_at_a_false_positive_rate() -> None:
    positive = np.array([True, False, True, True])
    scores = np.array([0.9, 0.8, 0.7, 0.6])
    assert recall_at(positive, scores, 0.0) == pytest.approx(1 / 3)
    assert recall_at(positive, scores, 1.0) == 1


@settings(max_examples=50)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 20)), min_size=2, max_size=40))
def test_auc_is_the_share_of_pairs_in_the_right_order(samples: list[tuple[float, bool]]) -> None:
    positive, scores = np.array([p for p, _ in samples]), np.array([float(s) for _, s in samples])
    if positive.all() or not positive.any():
        assert auc(positive, scores) is None
        return
    pairs = scores[positive][:, None] - scores[~positive][None]
    assert auc(positive, scores) == pytest.approx(((pairs > 0) + 0.5 * (pairs == 0)).mean())
    false, true = roc(positive, scores)
    assert (np.diff(false) >= 0).all()
    assert (np.diff(true) >= 0).all()


def test_calibration_error_of_a_boast_and_of_an_honest_answer() -> None:
    truth = np.array([0, 1, 0, 1])
    assert calibration_error(truth, np.tile([0.95, 0.05], (4, 1))) == pytest.approx(0.45)
    assert calibration_error(truth, np.tile([0.501, 0.499], (4, 1))) == pytest.approx(0.001)


def test_the_table_names_every_class_and_the_unknown_column() -> None:
    result = classification(np.array([0, 1, 1]), np.array([0, 2, 1]), ("open", "closed"), unknown=True)
    text = table(result, ("unknown",))
    for word in ("open", "closed", "unknown", "precision", "specificity", "66.67 %"):
        assert word in text
