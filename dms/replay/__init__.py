"""Recorded drives: the same road as the daemon's, as fast as the machine allows.

Takes a video, a folder of images or a trace; gives events, a trace, a summary and pictures for people. Never
publishes and never reads a clock for a judgement.
"""
