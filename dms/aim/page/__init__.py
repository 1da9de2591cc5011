"""A page for the phone of whoever mounts the camera: what it sees, and the verdict, big enough for sunlight.

Takes ``Seen``, shows the newest to whoever has the code of the terminal, for some minutes. Keeps no picture but the
newest, loads nothing from elsewhere, and reaches only the address that it is given.
"""
