"""How help looks: plain text, so that it comes at once; drawing it with rich takes longer than all else together."""

import inspect
from typing import Any

from typer.core import TyperGroup


class CommandGroup(TyperGroup):
    """Lists its commands with their whole first paragraph, where Click cuts it to a sentence or a line."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the list."""
        commands = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl([(name, _paragraph(one.help)) for name, one in commands if one and not one.hidden])


def _paragraph(text: str | None) -> str:
    return " ".join(inspect.cleandoc(text or "").partition("\n\n")[0].split())
