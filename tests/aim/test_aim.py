"""What `dms aim` says of a camera that is mounted well, and of one that is not: the sample drive's face, real nets."""

from dataclasses import replace

import numpy as np
import pytest

from dms.aim.verdict import Aim, Problem, Verdict
from dms.config import CameraSettings, Config, PerceptionSettings
from dms.frames.upright import upright
from tests.aim.scenes import (
    Change,
    Picture,
    aim_of,
    before_a_window,
    beside,
    blind,
    farther,
    lit,
    mirroring,
    moved,
    sample,
    turned,
)


def advice(aim: Aim, problem: Problem) -> str:
    (text,) = [one.text for one in aim.advice if one.problem is problem]
    return text


def test_a_face_that_is_seen_well_is_good() -> None:
    aim = aim_of()
    assert (aim.verdict, aim.problems) == (Verdict.GOOD, ())
    assert aim.measured.face_height == pytest.approx(195, abs=5)
    assert aim.headline().startswith("good: a face 19")


def test_a_sensor_s_noise_by_night_changes_nothing() -> None:
    assert aim_of(lit(0.5, sigma=8.0)).verdict is Verdict.GOOD


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_the_rotation_that_is_named_mends_a_turned_picture(degrees: int) -> None:
    wrong = aim_of(turned(degrees))
    problem = Problem.UPSIDE_DOWN if degrees == 180 else Problem.SIDEWAYS
    assert (wrong.verdict, wrong.problems) == (Verdict.NOT_USABLE, (problem,))
    assert f"camera.rotate = {degrees}" in advice(wrong, problem)
    settings = CameraSettings(rotate=degrees)

    def mended(picture: Picture) -> Picture:
        return upright(turned(degrees)(picture), settings)

    assert aim_of(mended, Config(camera=settings)).verdict is Verdict.GOOD


@pytest.mark.parametrize("mirror", [False, pytest.param(True, marks=pytest.mark.slow)])
@pytest.mark.parametrize(("stands", "set_to"), [(90, 180), (270, 0), (0, 90), (90, 270)])
def test_the_rotation_that_is_named_counts_what_is_set_already(stands: int, set_to: int, mirror: bool) -> None:
    def raw(picture: Picture) -> Picture:
        plain = turned(stands)(picture) if stands else picture
        # a mirrored camera's picture, before it is turned: what `upright` with the right settings makes upright
        return np.asarray(plain[:, ::-1] if mirror and stands % 180 == 0 else plain[::-1] if mirror else plain)

    settings = CameraSettings(rotate=set_to, mirror=mirror)
    wrong = aim_of(lambda picture: upright(raw(picture), settings), Config(camera=settings))
    (named,) = [int(one.text.rpartition(" = ")[2]) for one in wrong.advice if "camera.rotate" in one.text]
    right = CameraSettings(rotate=named, mirror=mirror)
    assert aim_of(lambda picture: upright(raw(picture), right), Config(camera=right)).verdict is Verdict.GOOD


def test_a_small_face_is_told_with_its_height_and_how_much_nearer() -> None:
    aim = aim_of(farther(2.8))
    assert (aim.verdict, aim.problems) == (Verdict.USABLE, (Problem.FACE_TOO_SMALL,))
    height, wanted = aim.measured.face_height, 80
    assert height is not None
    assert f"{height:.0f} pixels high, and {wanted} are wanted" in advice(aim, Problem.FACE_TOO_SMALL)
    nearer = height / wanted
    assert f"to {nearer:.0%} of its distance" in advice(aim, Problem.FACE_TOO_SMALL)
    assert aim_of(farther(2.8 * nearer * 0.97)).verdict is Verdict.GOOD


def test_a_face_too_far_away_for_its_eyes_is_not_usable() -> None:
    aim = aim_of(farther(5.0))
    assert aim.verdict is Verdict.NOT_USABLE
    assert aim.problems[0] in {Problem.FACE_TOO_SMALL, Problem.NO_FACE}


@pytest.mark.parametrize(
    ("change", "verdict", "problem"),
    [
        (lit(0.17), Verdict.USABLE, Problem.DARK),
        (lit(0.03), Verdict.NOT_USABLE, Problem.DARK),
        (before_a_window(0.15), Verdict.USABLE, Problem.BACKLIGHT),
        (blind(right_eye=True, left_eye=False), Verdict.USABLE, Problem.EYE_HIDDEN),
        (blind(right_eye=True, left_eye=True), Verdict.NOT_USABLE, Problem.EYE_HIDDEN),
        (mirroring, Verdict.USABLE, Problem.GLARE),
        (moved(right=-205), Verdict.USABLE, Problem.CUT_OFF),
        (moved(down=-190), Verdict.NOT_USABLE, Problem.CUT_OFF),
    ],
    ids=["dim", "dark", "window", "one eye", "both eyes", "glasses", "left edge", "top edge"],
)
def test_what_is_wrong_is_named(change: Change, verdict: Verdict, problem: Problem) -> None:
    aim = aim_of(change)
    assert aim.verdict is verdict
    assert problem in aim.problems


def test_a_hidden_eye_is_named_by_its_side() -> None:
    assert "the right eye can be read" in advice(aim_of(blind(True, False)), Problem.EYE_HIDDEN)
    assert "the left eye can be read" in advice(aim_of(blind(False, True)), Problem.EYE_HIDDEN)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (moved(right=-205), "turn the camera to the picture's left"),
        (moved(right=205), "turn the camera to the picture's right"),
        (moved(down=-140), "tilt the camera up"),
        (moved(down=90), "tilt the camera down"),
    ],
)
def test_a_face_that_is_cut_off_is_told_with_the_way_to_turn(change: Change, words: str) -> None:
    assert words in advice(aim_of(change), Problem.CUT_OFF)


def test_nobody_there() -> None:
    wall = aim_of(lambda picture: np.ascontiguousarray(picture[:110, 330:470]))
    assert (wall.verdict, wall.problems) == (Verdict.NOT_USABLE, (Problem.NO_FACE,))


def test_a_covered_lens_is_told_as_such() -> None:
    covered = aim_of(lambda picture: np.full_like(picture, 90))
    assert "take off the cover" in advice(covered, Problem.NO_FACE)


def test_a_window_that_swallows_the_face_is_named_beside_the_missing_face() -> None:
    assert aim_of(before_a_window(0.02)).problems == (Problem.NO_FACE, Problem.BACKLIGHT)


def test_a_passenger_nearer_than_the_driver_is_told_with_the_region_that_leaves_him_out() -> None:
    aim = aim_of(beside(1.25))
    assert Problem.LARGER_FACE in aim.problems
    text = advice(aim, Problem.LARGER_FACE)
    # the larger face, on the right, is the one that is watched
    assert "is left of the one that is watched" in text
    split = aim.measured.split
    assert split is not None
    kept = PerceptionSettings(region=(0.0, 0.0, split, 1.0))
    driver = aim_of(beside(1.25), Config(perception=kept))
    assert Problem.LARGER_FACE not in driver.problems
    assert driver.measured.face_height == pytest.approx(195, abs=8)


def test_a_passenger_in_the_back_is_no_problem() -> None:
    assert Problem.LARGER_FACE not in aim_of(beside(0.6)).problems


def test_a_face_outside_the_region_is_no_missing_face() -> None:
    region = Config(perception=PerceptionSettings(region=(0.7, 0.0, 1.0, 1.0)))
    assert "outside perception.region" in advice(aim_of(config=region), Problem.NO_FACE)


@pytest.mark.parametrize(("fps", "verdict"), [(4.0, Verdict.NOT_USABLE), (6.0, Verdict.USABLE), (7.0, Verdict.GOOD)])
def test_a_slow_camera_is_told_by_what_perclos_needs(fps: float, verdict: Verdict) -> None:
    aim = aim_of(fps=fps)
    assert aim.verdict is verdict
    assert (Problem.SLOW in aim.problems) == (verdict is not Verdict.GOOD)


def test_the_graver_problem_is_said_first() -> None:
    aim = aim_of(mirroring, fps=4.0)
    assert aim.problems == (Problem.SLOW, Problem.GLARE)


def test_a_look_aside_of_a_second_changes_nothing() -> None:
    pictures = list(sample(5.0))
    pictures[20:30] = [moved(right=-500)(picture) for picture in sample(5.0)[20:30]]
    assert aim_of(pictures=pictures).verdict is Verdict.GOOD


def test_as_plain_data() -> None:
    aim = aim_of(turned(180))
    data = aim.to_json()
    assert (data["verdict"], data["problems"]) == ("not_usable", ["upside_down"])
    assert data["advice"][0]["grave"] is True
    assert data["measured"]["turn"] == 180
    assert replace(aim, advice=()).text() == aim.headline()
