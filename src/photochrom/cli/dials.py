"""Options of a command that are made from the table of dials (:mod:`photochrom.edits.dials`)."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from functools import wraps
from typing import Annotated, Any

import typer

from photochrom.edits.dials import DIALS, SETUP, TRUST, Choice, Number, Text

__all__ = ["DEFAULT_HELP", "dial", "with_dials"]

#: The help text for an option whose default is the model's own.
DEFAULT_HELP = "by default the model's own"
_TABLE: dict[str, Number | Choice | Text] = {**DIALS, "trust": TRUST, **SETUP}


def dial(name: str) -> Any:
    """The option of one dial, for a command that has few of them."""
    return _option(_TABLE[name])


def with_dials(command: Callable[..., None]) -> Callable[..., None]:
    """The command with an option for each dial, for ``trust`` and for each part of the set-up, in place of its ``**choices``.

    An option that is not given is None, so that a sidecar's choice can stand.
    """
    signature = inspect.signature(command, eval_str=True)
    own = [one for one in signature.parameters.values() if one.kind is not inspect.Parameter.VAR_KEYWORD]

    @wraps(command)
    def with_options(*arguments: Any, **choices: Any) -> None:
        command(*arguments, **choices)

    with_options.__signature__ = signature.replace(parameters=[*own, *_parameters()])  # type: ignore[attr-defined]
    return with_options


def _parameters() -> Iterator[inspect.Parameter]:
    for name, kind in _TABLE.items():
        annotation: Any = Annotated[_type(kind), _option(kind)]
        yield inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)


def _type(kind: Number | Choice | Text) -> Any:
    if isinstance(kind, Number):
        return int | None if kind.whole else float | None
    return str | None


def _option(kind: Number | Choice | Text) -> Any:
    unit = f" ({kind.unit})" if isinstance(kind, Number) and kind.unit else ""
    default = DEFAULT_HELP if kind.default is None else f"by default {kind.default}"
    text = f"{kind.help[0].upper()}{kind.help[1:]}{unit}; {default}."
    if isinstance(kind, Number):
        return typer.Option(min=kind.low, max=kind.high, help=text, show_default=False)
    return typer.Option(metavar="|".join(kind.options) if isinstance(kind, Choice) else "TEXT", help=text)
