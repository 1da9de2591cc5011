"""Where pictures come from: a camera, a recorded drive or a folder of images.

Takes a source's name, gives ``Frame`` objects in order of time, or says what is wrong with the camera. Never looks for
anything in a picture, never keeps one.
"""

from typing import TYPE_CHECKING

from dms.frames.frame import Frame, Image

if TYPE_CHECKING:
    from dms.frames.camera import open_source
    from dms.frames.source import Source
else:
    from dms.lazy import lazy

    __getattr__ = lazy(__name__, {"Source": "dms.frames.source", "open_source": "dms.frames.camera"})

__all__ = ["Frame", "Image", "Source", "open_source"]
