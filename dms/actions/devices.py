"""Makes what the ``[actions]`` table names: a program, a buzzer, lights, a loudspeaker, a button."""

from collections.abc import Callable

from dms.actions.button import Button
from dms.actions.gpio import Buzzer, Light
from dms.actions.hook import Hook
from dms.actions.sound import Sound
from dms.actions.worker import Witness, Worker
from dms.config.actions import ActionSettings


def make_workers(settings: ActionSettings, vehicle_id: str, witness: Witness | None) -> list[Worker]:
    """Make what acts on alerts, each with a worker of its own; the arguments are those of ``Actions``.

    Raises:
        UserError: The hook cannot be executed, or gpiozero or aplay is not installed.
    """
    made: list[Worker] = []
    hook, buzzer, led = settings.hook, settings.buzzer, settings.led
    if hook.command is not None:
        made.append(Worker(Hook(hook, vehicle_id), hook.kinds, hook.per_minute, witness))
    if buzzer.pin is not None:
        made.append(Worker(Buzzer(buzzer), buzzer.kinds, buzzer.per_minute, witness))
    if led.pin is not None:
        made.append(Worker(Light(led), led.kinds, None, witness))
    for kind, lamp in (("watching", settings.watching), ("degraded", settings.blind)):
        if lamp.pin is not None:
            made.append(Worker(Light(lamp, f"light ({kind})"), (kind,), None, witness))
    sound = settings.sound
    if sound.device is not None:
        kinds = (*sound.kinds, "watching") if sound.watching else sound.kinds
        made.append(Worker(Sound(sound), kinds, sound.per_minute, witness))
    return made


def make_button(settings: ActionSettings, acknowledge: Callable[[], None]) -> Button | None:
    """Make the button with which the driver acknowledges, None where there is none.

    Raises:
        UserError: gpiozero is not installed.
    """
    return None if settings.button.pin is None else Button(settings.button, acknowledge)
