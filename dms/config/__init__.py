"""The one TOML file as pydantic models, one module per section.

Takes a path, gives a frozen ``Config``. Knows no other room: each room imports its own section from here.
"""
