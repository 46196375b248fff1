"""Help that names arguments as people do: ``PATHS...``, not ``PATHS... <list[Path]>``."""

from __future__ import annotations

import re
from typing import Any

from typer.core import TyperCommand

__all__ = ["PlainHelp"]


class PlainHelp(TyperCommand):
    """A command whose help shows no Python types of lists."""

    def get_help(self, ctx: Any) -> str:
        """The help, as Typer makes it, without the types."""
        shown = re.sub(
            r"(PATHS\.\.\.) <list\[Path\]>", r"\1", super().get_help(ctx).replace("{PATHS...}...", "PATHS...")
        )
        return re.sub(r"<list\[(\w+)\]>( *)", lambda found: f"<{found[1].lower()}>{found[2]}" + " " * 6, shown)
