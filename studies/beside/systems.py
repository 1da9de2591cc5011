"""The systems that are set side by side: how each is installed, and the command that watches clips with it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from beside.environments import OLD, Environment, make, make_build
from beside.meter import measure

WORKERS = Path(__file__).parent / "workers"
MEDIAPIPE = (
    *("mediapipe==0.10.14", "numpy==1.26.4", "opencv-contrib-python==4.11.0.86"),
    *("jax==0.7.1", "jaxlib==0.7.1", "protobuf==4.25.9"),
)
HAAR = ("opencv-python-headless==4.11.0.86", "tflite-runtime==2.14.0", "numpy==1.26.4")
FER = (
    *("tensorflow-cpu==2.15.1", "numpy==1.26.4", "setuptools==75.8.0", "opencv-contrib-python==4.11.0.86"),
    *("moviepy==1.0.3", "pandas==2.2.3", "matplotlib==3.9.4", "requests==2.32.3", "Pillow==10.4.0", "tqdm==4.67.1"),
)
"""What ``fer`` needs, but for facenet-pytorch: its other detector, which brings PyTorch with CUDA."""


@dataclass(frozen=True)
class System:
    """One system.

    Attributes:
        key: Short name.
        title: What its row is called.
        environment: Where it is installed.
        names: Packages whose versions its row tells.
        command: What watches clips; OUT and the clips follow.
        told: Kinds of alarm that it can give.
        quick: False for one that takes so long that once must do.
        variables: For its process.
    """

    key: str
    title: str
    environment: Environment
    names: tuple[str, ...]
    command: tuple[str | Path, ...]
    told: tuple[str, ...] = ("fatigue",)
    quick: bool = True
    variables: Mapping[str, str] = field(default_factory=dict)

    def watch(self, out: Path, clips: Sequence[Path]) -> list[str | Path]:
        """The whole command."""
        if self.command[0] == self.environment.command:
            return [*self.command, *clips, "--out", out]
        return [*self.command, out, *clips]


def this_build(
    environments: Path, scratch: Path, python: str, commit: str | None = None, more: Sequence[str] = ()
) -> System:
    """A build of this program, with ``more`` packages; None is the working tree."""
    name = f"{commit or 'this'}-{python}{'-replay' if more else ''}"
    environment = make_build(environments / name, python, commit, scratch, more)
    runtime = "tflite-runtime" if python == "3.11" else "ai-edge-litert"
    return System(
        name,
        f"{'this service' if commit is None else commit}, Python {python}",
        environment,
        (runtime, "numpy", "opencv-python-headless"),
        (environment.command, "replay"),
        ("fatigue", "anger"),
    )


def builds(environments: Path, scratch: Path) -> tuple[list[System], list[System]]:
    """This build and the old one, each with both sets of packages, in the same order."""
    pythons = ("3.11", "3.13")
    return (
        [this_build(environments, scratch, python) for python in pythons],
        [this_build(environments, scratch, python, OLD) for python in pythons],
    )


def clip_readers(environments: Path, scratch: Path) -> list[System]:
    """This build with the extra ``replay``, in the order of ``builds``: OpenCV alone does not read every clip."""
    # as deploy/requirements/demo.txt has it
    av = {"3.11": "av==18.1.0", "3.13": "av==19.0.2"}
    return [this_build(environments, scratch, python, more=[package]) for python, package in av.items()]


def others(environments: Path, scratch: Path, cnn10: Path | None) -> list[System]:
    """The other systems; without a trained ``cnn10`` the net's cost alone is measured."""
    mesh = make(environments / "mediapipe", "3.11", *MEDIAPIPE)
    haar = make(environments / "haar", "3.11", *HAAR)
    fer = make(environments / "fer", "3.11", *FER, alone=("fer==22.5.1",))
    net = cnn10 or scratch / "cnn10.tflite"
    if not net.exists():
        measure([fer.program, WORKERS / "cnn10.py", net])
    rule = "Face Mesh, eye aspect ratio < 0.21 for 1 s"
    face_mesh = (mesh.program, WORKERS / "face_mesh.py")
    return [
        System("mesh", rule, mesh, ("mediapipe",), face_mesh),
        System("refined", f"{rule}, refined eyes", mesh, ("mediapipe",), face_mesh, variables={"REFINED": "1"}),
        System(
            "haar",
            "OpenCV Haar, face and eyes, with the 10-layer CNN, 5 Hz",
            haar,
            ("opencv-python-headless", "tflite-runtime"),
            (haar.program, WORKERS / "haar.py"),
            ("fatigue", "anger") if cnn10 else ("fatigue",),
            quick=False,
            variables={"CNN10": str(net)},
        ),
        System(
            "fer",
            "fer, Haar detector, 5 Hz",
            fer,
            ("fer", "tensorflow-cpu"),
            (fer.program, WORKERS / "fer_emotions.py"),
            ("anger",),
            quick=False,
        ),
    ]
