"""What the papers report, and where they measured it. Plain data, without Keras.

The papers' figures come from different parts of FER2013, or from other data; none of them is comparable to the last
point. A table that shows them says so, and shows beside them what was measured here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Paper:
    """A system as its paper presents it.

    Attributes:
        system: Authors and kind of model.
        reported: Accuracy in percent; None where it gives none for this system.
        measured_on: The data of that figure, as far as the paper says.
        epochs: Passes over the data that it names; None where it names none, or where there are none.
        imagenet: Which weights of ``keras.applications`` it starts from; None when it starts fresh.
    """

    system: str
    reported: float | None
    measured_on: str
    epochs: int | None
    imagenet: str | None = None


PAPERS: Mapping[str, Paper] = MappingProxyType(
    {
        "cnn10": Paper("Sahoo et al., 10-layer CNN", 68.34, "FER2013, a tenth split off", 300),
        "cnn6": Paper("Sahoo et al., 6-layer CNN", 66.67, "FER2013, a tenth split off", 300),
        "vgg16": Paper("Sahoo et al., VGG16 transfer", 63.68, "FER2013, a tenth split off", 100, "VGG16"),
        "cnn4": Paper("Vinod et al., 4-layer CNN", 60.3, "FER2013, validation after 25 epochs", 50),
        "cnn4_mobilenet": Paper("Vinod et al., MobileNet transfer", None, "", 50, "MobileNet"),
        "shinde": Paper("Shinde et al., CNN", 66.50, "FER2013", 30),
        "shinde_resnet": Paper("Shinde et al., ResNet-50 transfer", 54.2, "FER2013", 30, "ResNet50"),
        "thesis": Paper("Patil, CNN", 87.8, "five classes of 7,074 pictures cleaned by hand", 25),
        "svm": Paper("Patil, SVM on landmarks", 38.0, "FER2013", None),
        "resnet50_34": Paper("Sharma & Tiwari, ResNet-50 and -34", 98.2, "not verified by anybody", None, "ResNet50"),
    }
)
"""Every system by its name."""
