"""What the vehicle itself does about an alert: the ``[actions]`` tables."""

from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator

from dms.config.section import Section

Kind = Literal["fatigue", "anger", "distraction"]

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
        description="Kinds of alert that it is run for.",
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


class PinSettings(Section):
    """A device on a GPIO pin."""

    pin: str | None = Field(
        None,
        pattern=_PIN,
        title="Pin",
        description='In gpiozero\'s words: "17", "GPIO17", "BOARD11". None when absent.',
    )
    active_low: bool = Field(False, title="Active low", description="True when it is on while the pin is low.")
    kinds: tuple[Kind, ...] = Field(
        ("fatigue",), min_length=1, title="Kinds", description=f"Kinds of alert that it tells of. {_NO_ANGER}"
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


class ActionSettings(Section):
    """The ``[actions]`` table."""

    hook: HookSettings = Field(HookSettings(), title="Hook", description="A program of yours.")
    buzzer: BuzzerSettings = Field(BuzzerSettings(), title="Buzzer", description="Needs the extra 'gpio'.")
    led: LedSettings = Field(LedSettings(), title="Light", description="Needs the extra 'gpio'.")
