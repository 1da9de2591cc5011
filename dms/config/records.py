"""What is kept of a drive for later: the ``[records]`` table. Nothing, unless the owner turns it on."""

from pydantic import Field

from dms.config.section import Section


class RecordSettings(Section):
    """The ``[records]`` table."""

    trace: bool = Field(
        False,
        title="Trace",
        description="Write what was seen, numbers only, to `traces/` in the state folder, for `dms replay`.",
    )
    trace_mb: int = Field(
        200,
        ge=8,
        le=100_000,
        title="Trace limit",
        description="Most MB (10^6 bytes) of traces on disk; the oldest part goes first. 15 frames a second make about "
        "12 MB an hour. Our choice: two working days of driving.",
    )
    video: bool = Field(
        False,
        title="Video",
        description="Keep the pictures around the start of each alert in `clips/` in the state folder. They show the "
        "driver: read docs/records.md before turning it on.",
    )
    video_before_s: float = Field(
        8.0,
        ge=0.0,
        le=60.0,
        title="Before",
        description="Seconds of video kept from before the alert. Our choice: the closure and what led to it.",
    )
    video_after_s: float = Field(
        4.0,
        ge=0.0,
        le=60.0,
        title="After",
        description="Seconds of video kept from after the alert started. Our choice: whether the driver came round.",
    )
    video_fps: float = Field(
        10.0,
        ge=1.0,
        le=30.0,
        title="Frame rate",
        description="Most pictures per second in a clip. Our choice: 10 show a closure; a blink would need 15.",
    )
    video_memory_mb: int = Field(
        8,
        ge=1,
        le=64,
        title="Memory",
        description="Most MB (10^6 bytes) of compressed pictures in memory; the oldest go first. A picture of "
        "640x480 takes about 0.05 MB. Our choice: what the defaults above need, and a fifth more.",
    )
    clips: int = Field(
        20,
        ge=1,
        le=10_000,
        title="Clips",
        description="Most clips on disk; the oldest goes first. Our choice: no more than somebody looks at.",
    )
    clips_mb: int = Field(
        200,
        ge=8,
        le=100_000,
        title="Clip limit",
        description="Most MB (10^6 bytes) of clips on disk; the oldest goes first. Our choice, as for the trace.",
    )
