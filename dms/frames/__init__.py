"""Where pictures come from: a camera, a recorded drive or a folder of images.

Takes a source's name, gives ``Frame`` objects in order of time, or says what is wrong with the camera. Never looks for
anything in a picture, never keeps one.
"""

from dms.frames.frame import Frame, Image

__all__ = ["Frame", "Image"]
