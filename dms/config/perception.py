"""How pictures are read."""

from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator

from dms.config.section import Section

Runtime = Literal["auto", "litert", "tflite-runtime"]


class PerceptionSettings(Section):
    """The ``[perception]`` table."""

    models_dir: Path | None = Field(
        None,
        title="Models folder",
        description="Holds the .tflite files and their cards; absent: the shipped ones.",
    )
    threads: int = Field(
        1,
        ge=1,
        le=4,
        title="Threads",
        description="CPU threads per model; nets this small rarely gain from two.",
    )
    runtime: Runtime = Field(
        "auto",
        title="Runtime",
        description="What runs the models: litert (ai-edge-litert), tflite-runtime, or auto, which takes LiteRT where "
        "it is installed. On Python 3.11 LiteRT is an extra; later Pythons have nothing else.",
    )
    region: tuple[float, float, float, float] = Field(
        (0.0, 0.0, 1.0, 1.0),
        title="Driver's region",
        description="Where the driver's face may be: left, top, right, bottom as shares 0..1 of the picture. "
        "Faces centred outside are passengers.",
    )
    search_hz: float = Field(
        5.0,
        ge=1.0,
        le=30.0,
        title="Search rate",
        description="Most searches of the whole picture per second while the face is lost; between them it is unknown. "
        "Source: own; a face that is back is seen within 0.2 s, the tolerance that Euro NCAP gives to closure times.",
    )
    driver_hold_s: float = Field(
        5.0,
        ge=0.0,
        le=120.0,
        title="Driver's place",
        description="Seconds for which the place of a lost face is kept for the driver: another face, such as a "
        "passenger's, is not taken for the driver's. Source: own; whoever turns, ducks or is hidden by a hand is back "
        "by then.",
    )
    emotion_hz: float = Field(
        5.0, ge=0.5, le=30.0, title="Emotion rate", description="Most emotion measurements per second."
    )
    mouth_hz: float = Field(
        10.0,
        ge=3.0,
        le=30.0,
        title="Mouth rate",
        description="Most mouth measurements a second. One speaks for half a second: with fewer no yawn would be seen.",
    )
    face_score: float = Field(
        0.55,
        ge=0.1,
        le=0.95,
        title="Face limit",
        description="Least score at which a found face counts, 0..1. Source: own; one in 1,000 windows without a face "
        "of the validation scenes reaches 0.54, while every driver there does 0.55. models/face.md has the test.",
    )
    faint_score: float = Field(
        0.33,
        ge=0.2,
        le=0.95,
        title="Faint face limit",
        description="Least score, 0..1, at which a found face counts where none reaches face_score and the landmarks "
        "confirm it twice; from face_score on no faint face counts. Source: own; faces that are close, far or in "
        "a dark picture score 0.34 to 0.55 while the landmarks have 0.98 or more at the second look.",
    )
    track_score: float = Field(
        0.8,
        ge=0.1,
        le=0.95,
        title="Follow limit",
        description="Least confidence of the landmarks at which a found face counts, and is followed without a new "
        "search, 0..1. Source: own; every driver of the in-car frames has 0.98 or more, two in five of the false "
        "faces less than 0.8.",
    )
    dark_level: float = Field(
        12.0,
        ge=0.0,
        le=80.0,
        title="Dark limit",
        description="Mean grey level 0..255 below which a picture is dark: nothing is judged on it, unless it shows "
        "a face that is brighter. Source: own; of 110 in-car frames dimmed to a mean of 12, with noise, the face is "
        "found in all, at 8 in 96 %, at 6 in 80 %.",
    )
    covered_detail: float = Field(
        0.012,
        ge=0.0,
        le=0.1,
        title="Covered limit",
        description="Mean absolute difference of neighbouring pixels at 80x60, averaged over the last second, as a "
        "share of the brightness, below which the lens counts as covered, unless a face is found. Source: own, "
        "studies/camera_limits.py; the plainest empty room of the development clips has 0.013, drivers in cars 0.043 "
        "or more, dimmed to a mean of 14 with noise 0.053 or more; the same clips blurred as by a hand on the lens "
        "0.003 to 0.011 at a mean of 100.",
    )

    @field_validator("region")
    @classmethod
    def _within_the_picture(cls, region: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
        left, top, right, bottom = region
        # a nan fails every comparison
        if not (0.0 <= left < right <= 1.0 and 0.0 <= top < bottom <= 1.0):
            raise ValueError("must be left, top, right, bottom as shares 0..1, left < right and top < bottom")
        return region
