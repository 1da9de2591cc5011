"""Says how a camera should be moved, turned or lit so that it sees the driver.

Takes frames with what perception saw in them, gives a frozen ``Aim``: a verdict, and for each problem a sentence that
says what to change. Never judges the driver, opens no camera, keeps no picture but the newest.
"""
