"""What is kept of a drive for later: a trace in numbers, and clips around alerts. Off until the owner turns it on.

Takes observations, inputs, frames and alerts; gives files that only the owner can read, within a bound. Never blocks
the road, never judges, never sends anything.
"""
