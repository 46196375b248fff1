"""Help that names arguments as people do: ``PATHS...``, not ``{PATHS...}...`` or ``PATHS... <list[Path]>``."""

from __future__ import annotations

import re
from typing import Any

from typer.core import TyperCommand

__all__ = ["PlainHelp"]

_ARGUMENT = re.compile(r"\{([A-Z_]+)(\.\.\.)?\}(\.\.\.)?")


class PlainHelp(TyperCommand):
    """A command whose help, and whose usage in messages, shows no Python types of lists."""

    def get_usage(self, ctx: Any) -> str:
        """The line that begins with "Usage:"."""
        return _ARGUMENT.sub(lambda found: found[1] + (found[2] or found[3] or ""), super().get_usage(ctx))

    def get_help(self, ctx: Any) -> str:
        """The help, as Typer makes it, without the types."""
        shown = _ARGUMENT.sub(lambda found: found[1] + (found[2] or found[3] or ""), super().get_help(ctx))
        shown = re.sub(r"([A-Z]\.\.\.) <list\[Path\]>", r"\1", shown)
        return re.sub(r"<list\[(\w+)\]>( *)", lambda found: f"<{found[1].lower()}>{found[2]}" + " " * 6, shown)
