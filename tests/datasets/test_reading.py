"""What cannot be measured on is counted and named."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from dms.datasets.reading import Reading
from dms.errors import UserError


@pytest.fixture
def files(tmp_path: Path) -> list[tuple[Path, str]]:
    """Two pictures, a broken, an empty and a missing one."""
    for name in ("a.png", "e.png"):
        cv2.imwrite(str(tmp_path / name), np.full((4, 5), ord(name[0]), np.uint8))
    (tmp_path / "b.png").write_bytes(b"not a picture")
    (tmp_path / "c.png").touch()
    return [(tmp_path / f"{name}.png", name) for name in "abcde"]


def test_what_can_be_read_keeps_its_label_and_the_rest_is_counted_and_named(files: list[tuple[Path, str]]) -> None:
    reading = Reading()
    assert [(chr(grey[0, 0]), label) for grey, label in reading.pictures(files, "eyes")] == [("a", "a"), ("e", "e")]
    assert reading.left_out == 3
    (line,) = reading.warnings
    assert "cannot be read: 3 " in line
    assert all(str(files[i][0]) in line for i in (1, 2, 3))


def test_only_the_first_of_many_are_named(files: list[tuple[Path, str]]) -> None:
    reading = Reading()
    for number in range(500):
        reading.leave_out(f"{number}.png", "rows without a box")
    assert reading.warnings == ("left out, rows without a box: 500 (0.png, 1.png, 2.png and 497 more)",)


def test_when_nothing_can_be_read_it_is_an_error_and_no_figure(files: list[tuple[Path, str]]) -> None:
    with pytest.raises(UserError, match=r"none of 3 eyes can be read; the first: .*b\.png"):
        list(Reading().pictures(files[1:4], "eyes"))
