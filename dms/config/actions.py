"""What the vehicle itself does about an alert: the ``[actions]`` tables."""

from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator

from dms.config.section import Section

Kind = Literal["fatigue", "anger", "distraction", "degraded"]
"""What an action may act on: the kinds of alert, and that the driver cannot be judged, which needs a hand."""

_PIN = r"^(GPIO|BCM|BOARD|WPI)?[1-9]?\d$"
_NO_ANGER = "A sound does not calm an angry driver, so anger is left out unless it is named."


class HookSettings(Section):
    """The ``[actions.hook]`` table: a program that is run for each step of an alert."""

    command: Path | None = Field(
        None,
        title="Program",
        description="Absolute path of an executable file; it gets the alert as JSON on its standard input. None when "
        "absent.",
    )
    kinds: tuple[Kind, ...] = Field(
        ("fatigue", "anger", "distraction"),
        min_length=1,
        title="Kinds",
        description="Kinds of alert that it is run for; degraded: that the driver cannot be judged, and why.",
    )
    timeout_s: float = Field(
        5.0,
        ge=0.5,
        le=60.0,
        title="Time limit",
        description="Seconds after which the program and what it started are killed. Our choice: an answer that comes "
        "later helps no driver.",
    )
    per_minute: int = Field(
        20,
        ge=1,
        le=600,
        title="Rate",
        description="Most runs per minute; starts and updates beyond it are dropped and counted, ends always pass. Our "
        "choice: an alert that nobody acknowledges repeats 6 times a minute.",
    )

    @field_validator("command")
    @classmethod
    def _is_absolute(cls, command: Path | None) -> Path | None:
        if command is not None and not command.is_absolute():
            raise ValueError("must be an absolute path: systemd starts dms in /")
        return command


class LampSettings(Section):
    """A light on a GPIO pin."""

    pin: str | None = Field(
        None,
        pattern=_PIN,
        title="Pin",
        description='In gpiozero\'s words: "17", "GPIO17", "BOARD11". None when absent.',
    )
    active_low: bool = Field(False, title="Active low", description="True when it is on while the pin is low.")


class PinSettings(LampSettings):
    """A device on a GPIO pin that signals alerts."""

    kinds: tuple[Kind, ...] = Field(
        ("fatigue",), min_length=1, title="Kinds", description=f"Kinds of alert that it signals. {_NO_ANGER}"
    )


class BuzzerSettings(PinSettings):
    """The ``[actions.buzzer]`` table: an active buzzer on a GPIO pin, which beeps at each step of an alert."""

    beep_s: float = Field(
        0.2,
        ge=0.02,
        le=2.0,
        title="Beep",
        description="Seconds of sound and of silence in a pattern: 2 beeps for the mildest level, 4, 8 and 16 for the "
        "next ones; the end of the alert stops it at once. Our choice.",
    )
    per_minute: int = Field(
        20,
        ge=1,
        le=600,
        title="Rate",
        description="Most patterns begun per minute; what comes faster is dropped and counted. As for the hook.",
    )


class LedSettings(PinSettings):
    """The ``[actions.led]`` table: a light on a GPIO pin, which is on while an alert is open."""


class SoundSettings(Section):
    """The ``[actions.sound]`` table: a loudspeaker, through ALSA."""

    device: str | None = Field(
        None,
        min_length=1,
        title="Device",
        description='Name of the device for ALSA, as `aplay -L` lists it: "default", "plughw:CARD=Headphones". None '
        "when absent.",
    )
    kinds: tuple[Kind, ...] = Field(
        ("fatigue",), min_length=1, title="Kinds", description=f"Kinds of alert that it signals. {_NO_ANGER}"
    )
    watching: bool = Field(
        True,
        title="Watching",
        description="Whether a short sound says once after the start that the driver is watched.",
    )
    per_minute: int = Field(
        20,
        ge=1,
        le=600,
        title="Rate",
        description="Most sounds begun per minute; what comes faster is dropped and counted. As for the hook.",
    )


class ButtonSettings(Section):
    """The ``[actions.button]`` table: a button on a GPIO pin, with which the driver acknowledges what is open."""

    pin: str | None = Field(
        None,
        pattern=_PIN,
        title="Pin",
        description="As for the buzzer; the button joins it to ground. None when absent.",
    )
    active_high: bool = Field(
        False, title="Active high", description="True when it joins the pin to 3.3 V instead, and is pulled down else."
    )
    bounce_s: float = Field(
        0.05,
        ge=0.001,
        le=0.5,
        title="Bounce",
        description="Seconds for which a contact may bounce and is one press. Our choice, as for any push button.",
    )


class ActionSettings(Section):
    """The ``[actions]`` table."""

    hook: HookSettings = Field(HookSettings(), title="Hook", description="A program of yours.")
    buzzer: BuzzerSettings = Field(BuzzerSettings(), title="Buzzer", description="Needs the extra 'gpio'.")
    led: LedSettings = Field(LedSettings(), title="Light", description="Needs the extra 'gpio'.")
    sound: SoundSettings = Field(SoundSettings(), title="Sound", description="Needs alsa-utils.")
    watching: LampSettings = Field(
        LampSettings(),
        title="Light: I watch",
        description="Is on while the driver can be judged. Needs the extra 'gpio'.",
    )
    blind: LampSettings = Field(
        LampSettings(),
        title="Light: I cannot see you",
        description="Is on while the driver cannot be judged. Needs the extra 'gpio'.",
    )
    button: ButtonSettings = Field(ButtonSettings(), title="Button", description="Needs the extra 'gpio'.")
