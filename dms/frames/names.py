"""What recordings are called: the suffixes by which they are known, and the order of numbered names."""

import re

VIDEO_SUFFIXES = frozenset(
    re.findall(
        r"\.\w+",
        ".264 .265 .3g2 .3gp .asf .avi .dav .dv .flv .h264 .h265 .hevc .insv .m2ts .m4v .mjpeg .mjpg .mkv .mov .mp4 "
        ".mpeg .mpg .mts .mxf .nut .ogv .ts .vob .webm .wmv",
    )
)
IMAGE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff"})


def natural(name: str) -> list[tuple[bool, int, str]]:
    """Return a key by which ``2.jpg`` comes before ``10.jpg``."""
    parts = re.split(r"(\d+)", name)
    return [(not part.isdigit(), int(part) if part.isdigit() else 0, part) for part in parts if part]
