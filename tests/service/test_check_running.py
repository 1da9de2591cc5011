"""`dms check` while the daemon runs: what it says of the camera that the daemon holds."""

import pytest

from dms.service.check_running import said_of_camera, said_of_daemon
from dms.service.problems import Problem, Verdict
from dms.service.status import Status

BROKER = Problem("broker", "warning", "it cannot be reached", "mqtt.host and the network")


def running(*problems: Problem) -> Status:
    return Status(running=True, verdict="warning", watching=True, problems=problems)


@pytest.mark.parametrize(
    ("part", "verdict", "told"),
    [("camera", "failed", "failed"), ("frame rate", "warning", "warning"), ("driver", "failed", "warning")],
)
def test_an_empty_seat_is_no_fault_of_the_machine_and_a_camera_that_is_gone_is(
    part: str, verdict: Verdict, told: Verdict
) -> None:
    problem = Problem(part, verdict, "what is wrong", "what to do")
    assert said_of_camera(running(BROKER, problem)) == (
        told,
        "the running daemon holds it: what is wrong; what to do",
    )


def test_what_is_wrong_elsewhere_is_said_of_the_daemon() -> None:
    seat = Problem("driver", "failed", "no face is seen", "aim the camera")
    verdict, text = said_of_daemon(running(seat, BROKER))
    assert (verdict, "broker: it cannot be reached (mqtt.host and the network)" in text) == ("warning", True)
    assert "no face" not in text
    assert said_of_daemon(running(seat))[0] == "ok"


def test_a_camera_without_a_picture_so_far_is_a_warning() -> None:
    assert said_of_camera(running())[0] == "warning"
