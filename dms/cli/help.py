"""How help looks: plain text, so that it comes at once; drawing it with rich takes longer than all else together."""

from typing import Any

from typer.core import TyperGroup

_WHOLE = 1_000


class CommandGroup(TyperGroup):
    """Lists its commands with their whole first paragraph, where Click would cut it to a line."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the list."""
        commands = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl([(name, one.get_short_help_str(_WHOLE)) for name, one in commands if one is not None])
