"""The brightness of a camera's picture is that of its colours, whatever format it comes in."""

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from dms.frames import luma

Image = npt.NDArray[np.uint8]


@pytest.fixture(scope="module")
def scene() -> Image:
    """Soft colours of every brightness, (120, 160, 3) BGR."""
    noise = np.random.default_rng(0).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    return np.asarray(cv2.resize(noise, (160, 120), interpolation=cv2.INTER_CUBIC), np.uint8)


def grey(image: Image) -> Image:
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), np.uint8)


def apart(one: Image, other: Image) -> int:
    """Greatest difference, grey levels."""
    return int(np.abs(one.astype(int) - other).max())


def test_a_jpegs_brightness_is_that_of_its_colours(scene: Image) -> None:
    picture = luma.of_jpeg(np.asarray(cv2.imencode(".jpg", scene)[1], np.uint8))
    assert picture is not None
    brightness, colours = picture
    assert colours().shape == (120, 160, 3)
    # colours that JPEG cannot hold are cut off, brightness is not
    assert np.percentile(np.abs(grey(colours()).astype(int) - brightness), 95) <= 2


def test_a_jpeg_without_its_tables_is_decoded_as_cameras_send_it(scene: Image) -> None:
    file = cv2.imencode(".jpg", scene)[1].tobytes()
    bare = file
    while (start := bare.find(b"\xff\xc4")) >= 0:
        bare = bare[:start] + bare[start + 2 + int.from_bytes(bare[start + 2 : start + 4], "big") :]
    decoded = [luma.of_jpeg(np.frombuffer(one, np.uint8)) for one in (file, bare)]
    assert decoded[0] is not None
    assert decoded[1] is not None
    assert np.array_equal(decoded[0][0], decoded[1][0])


@pytest.mark.parametrize("rubbish", [b"", b"\xff\xd8 lost on the bus"])
def test_what_is_no_jpeg_is_told(rubbish: bytes) -> None:
    assert luma.of_jpeg(np.frombuffer(rubbish, np.uint8)) is None


def test_the_brightness_of_yuyv_is_that_of_its_colours() -> None:
    levels = np.arange(16, 236, dtype=np.uint8)
    packed = np.stack([np.tile(levels, (4, 1)), np.full((4, levels.size), 128, np.uint8)], -1)
    brightness, colours = luma.of_yuyv(packed)
    assert (brightness.min(), brightness.max()) == (0, 255)
    assert apart(brightness, grey(colours())) <= 2


def test_full_range_is_the_standards_for_every_level() -> None:
    levels = np.arange(256, dtype=np.uint8).reshape(16, 16)
    wanted = np.clip(np.round((levels.astype(float) - 16) * 255 / 219), 0, 255)
    assert np.array_equal(luma.full_range(levels), wanted)
