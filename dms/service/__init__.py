"""The daemon: wires the road, keeps it going, says how it is.

Takes a configuration, runs until it is stopped. Never judges, never decodes a model's output.
"""
