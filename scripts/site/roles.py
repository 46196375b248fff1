"""Docstrings for the site: Sphinx's roles become links of mkdocstrings, or code where they name nothing that can be found."""

from __future__ import annotations

import re
from typing import Any

import griffe

_ROLE = re.compile(r":(?:attr|class|data|func|meth|mod|exc):`~?([^`]+)`")
_CODE = re.compile(r"``([^`]+)``")


class Roles(griffe.Extension):
    """Rewrites every docstring of the package."""

    def on_package(self, *, pkg: griffe.Module, **_: Any) -> None:
        """Called once all is loaded."""
        self._rewrite(pkg)

    def _rewrite(self, thing: Any) -> None:
        if thing.docstring:
            text = _ROLE.sub(r"`\1`", thing.docstring.value)
            thing.docstring.value = _CODE.sub(r"`\1`", text)
        for member in thing.members.values():
            if not member.is_alias:
                self._rewrite(member)
