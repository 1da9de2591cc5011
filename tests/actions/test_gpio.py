"""Buzzer and light, on the pins of gpiozero's mock factory."""

import itertools
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import ValidationError

from dms.actions.actions import Actions
from dms.config.actions import ActionSettings, ButtonSettings, BuzzerSettings, LampSettings, LedSettings
from dms.driver.state import AngerLevel, Condition, Degraded, FatigueLevel, Phase
from dms.sink import Step
from tests.alerts.make import state
from tests.conftest import until

from .make import INFO, message, stamp

gpiozero = pytest.importorskip("gpiozero", reason="gpiozero is not installed: pip install 'dms[gpio]'")
mock = pytest.importorskip("gpiozero.pins.mock")


@pytest.fixture(autouse=True)
def pins() -> Iterator[Any]:
    """A board whose pins remember what they did."""
    before = gpiozero.Device.pin_factory
    gpiozero.Device.pin_factory = mock.MockFactory()
    for name in ("GPIO17", "GPIO27", "BOARD13"):
        # the mock would make two of one that a test and an action ask for at the same time
        gpiozero.Device.pin_factory.pin(name)
    yield gpiozero.Device.pin_factory
    gpiozero.Device.pin_factory.reset()
    gpiozero.Device.pin_factory = before


def started(**settings: Any) -> Actions:
    actions = Actions(ActionSettings(**settings), "van-7", stamp)
    actions.start(INFO)
    return actions


def rises(pin: Any) -> int:
    """How often the pin went from low to high."""
    states = [state.state for state in pin.states]
    return sum(not before and after for before, after in itertools.pairwise(states))


@pytest.mark.parametrize(
    ("level", "beeps"),
    [(FatigueLevel.DROWSY, 2), (FatigueLevel.MICROSLEEP, 4), (FatigueLevel.ASLEEP, 8), (FatigueLevel.UNRESPONSIVE, 16)],
)
def test_the_worse_the_level_the_more_beeps(pins: Any, level: FatigueLevel, beeps: int) -> None:
    actions = started(buzzer=BuzzerSettings(pin="GPIO17", beep_s=0.02))
    actions.alert(message(level=level))
    pin = pins.pin("GPIO17")
    until(lambda: rises(pin) == beeps and not pin.state)
    time.sleep(0.2)
    assert rises(pin) == beeps
    assert not pin.state
    actions.stop(5.0)


def test_the_end_of_the_alert_silences_it_at_once(pins: Any) -> None:
    actions = started(buzzer=BuzzerSettings(pin="GPIO17", beep_s=2.0))
    pin = pins.pin("GPIO17")
    actions.alert(message(level=FatigueLevel.UNRESPONSIVE))
    until(lambda: pin.state)
    actions.alert(message(Phase.END, FatigueLevel.UNRESPONSIVE))
    until(lambda: not pin.state)
    actions.stop(5.0)


def test_the_end_of_another_alert_does_not_silence_it(pins: Any) -> None:
    actions = started(buzzer=BuzzerSettings(pin="GPIO17", beep_s=2.0, kinds=("fatigue", "anger")))
    pin = pins.pin("GPIO17")
    actions.alert(message(level=AngerLevel.ANGRY))
    actions.alert(message(level=FatigueLevel.ASLEEP))
    actions.alert(message(Phase.END, AngerLevel.ANGRY))
    until(lambda: (found := actions.report()) is not None and found.done == 3)
    assert pin.state
    actions.alert(message(Phase.END, FatigueLevel.ASLEEP))
    until(lambda: not pin.state)
    actions.stop(5.0)


def test_a_stop_silences_it_and_lets_go_of_the_pin(pins: Any) -> None:
    actions = started(buzzer=BuzzerSettings(pin="GPIO17", beep_s=2.0), led=LedSettings(pin="BOARD13"))
    until(lambda: pins.pin("GPIO17").function == "output")
    actions.alert(message())
    until(lambda: pins.pin("GPIO17").state and pins.pin("BOARD13").state)
    actions.stop(5.0)
    assert not pins.pin("GPIO17").state
    gpiozero.LED("GPIO17").close()


def test_the_light_is_on_while_any_alert_is_open(pins: Any) -> None:
    actions = started(led=LedSettings(pin="GPIO27", kinds=("fatigue", "anger"), active_low=True))
    pin = pins.pin("GPIO27")
    actions.alert(message())
    actions.alert(message(level=AngerLevel.ANGRY))
    until(lambda: pin.function == "output" and not pin.state)
    actions.alert(message(Phase.END))
    actions.alert(message(Phase.UPDATE, AngerLevel.ANGRY))
    report = until(lambda: (found := actions.report()) is not None and found.done == 4 and found)
    assert (report.failed, report.error) == (0, None)
    assert not pin.state, "the other alert is still open"
    actions.alert(message(Phase.END, AngerLevel.ANGRY))
    until(lambda: pin.state)
    actions.stop(5.0)


def test_the_light_stays_on_when_a_reload_replaces_it(pins: Any) -> None:
    before = started(led=LedSettings(pin="GPIO27"))
    pin = pins.pin("GPIO27")
    for episode in (1, 2):
        before.alert(message(episode=episode))
    before.alert(message(Phase.END, episode=1))
    until(lambda: pin.state)
    after = Actions(ActionSettings(led=LedSettings(pin="GPIO27", kinds=("fatigue", "anger"))), "van-7", stamp)
    before.stop(5.0)
    assert not pin.state
    after.take_over(before)
    after.start(INFO)
    until(lambda: pin.state)
    after.alert(message(Phase.END, episode=2))
    until(lambda: not pin.state)
    after.stop(5.0)


def test_one_light_says_i_watch_and_another_i_cannot_see_you(pins: Any) -> None:
    actions = started(watching=LampSettings(pin="GPIO17"), blind=LampSettings(pin="GPIO27"))
    watching, blind = pins.pin("GPIO17"), pins.pin("GPIO27")

    def see(t: float, condition: Condition, degraded: Degraded | None = None) -> None:
        actions.step(Step(None, None, state(t=t, condition=condition, degraded=degraded), (), ()))

    see(0.0, Condition.UNKNOWN)
    see(1.0, Condition.ATTENTIVE)
    until(lambda: watching.state and not blind.state)
    see(2.0, Condition.DEGRADED, Degraded.COVERED)
    until(lambda: blind.state and not watching.state)
    see(3.0, Condition.FATIGUED)
    until(lambda: watching.state and not blind.state)
    actions.stop(5.0)
    assert (bool(watching.state), bool(blind.state)) == (False, False)


def test_a_buzzer_that_is_to_tell_beeps_once_when_the_driver_cannot_be_judged(pins: Any) -> None:
    actions = started(buzzer=BuzzerSettings(pin="GPIO17", beep_s=0.02, kinds=("degraded",)))
    actions.step(Step(None, None, state(condition=Condition.DEGRADED, degraded=Degraded.DARK), (), ()))
    until(lambda: rises(pins.pin("GPIO17")) == 1)
    actions.stop(5.0)


def test_a_press_of_the_button_is_an_acknowledgement(pins: Any) -> None:
    pressed = threading.Event()
    actions = Actions(ActionSettings(button=ButtonSettings(pin="GPIO27")), "van-7", stamp, pressed.set)
    actions.start(INFO)
    pins.pin("GPIO27").drive_low()
    until(pressed.is_set)
    actions.stop(5.0)


def test_a_button_whose_pin_is_taken_keeps_nobody_from_being_watched(pins: Any, caplog: Any) -> None:
    settings = ActionSettings(led=LedSettings(pin="GPIO27"), button=ButtonSettings(pin="GPIO17"))
    taken = gpiozero.LED("GPIO17")
    actions = Actions(settings, "van-7", stamp)
    actions.start(INFO)
    actions.alert(message())
    until(lambda: pins.pin("GPIO27").state)
    actions.stop(5.0)
    taken.close()
    assert "button: " in caplog.text


@pytest.mark.parametrize("name", ["17", "GPIO17", "BCM17", "BOARD11", "WPI0"])
def test_a_pin_has_any_of_the_names_that_gpiozero_gives_it(pins: Any, name: str) -> None:
    actions = started(led=LedSettings(pin=name))
    actions.alert(message())
    until(lambda: pins.pin("GPIO17").state)
    actions.stop(5.0)


@pytest.mark.parametrize("name", ["", "017", "GPIO05", "PIN17"])
def test_a_name_that_gpiozero_does_not_know_is_refused(name: str) -> None:
    with pytest.raises(ValidationError, match="pattern"):
        LedSettings(pin=name)


def test_anger_does_not_sound_unless_it_is_named(pins: Any) -> None:
    actions = started(buzzer=BuzzerSettings(pin="GPIO17"))
    actions.alert(message(level=AngerLevel.ANGRY))
    actions.stop(5.0)
    report = actions.report()
    assert report is not None
    assert report.done == 0


def test_a_board_without_pins_is_told_and_stops_nothing(pins: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    gpiozero.Device.pin_factory = None
    monkeypatch.setenv("GPIOZERO_PIN_FACTORY", "native")
    actions = started(buzzer=BuzzerSettings(pin="GPIO17"))
    actions.alert(message())
    report = until(lambda: (found := actions.report()) is not None and found.failed == 1 and found)
    assert report.error.startswith("buzzer: ")
    actions.stop(5.0)
    gpiozero.Device.pin_factory = pins
