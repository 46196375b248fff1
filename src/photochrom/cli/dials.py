"""Options of a command that are made from the table of dials (:mod:`photochrom.edits.dials`)."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from functools import wraps
from typing import Annotated, Any

import typer

from photochrom.edits.dials import DIALS, SETUP, TRUST, Choice, Number, Text

__all__ = ["DEFAULT_HELP", "EVERY_CHOICE", "with_choices"]

#: The help text for an option whose default is the model's own.
DEFAULT_HELP = "by default the model's own"
#: What a photograph's colours can be chosen by: the dials, ``trust`` and each part of the set-up.
EVERY_CHOICE: dict[str, Number | Choice | Text] = {**DIALS, "trust": TRUST, **SETUP}


def with_choices(table: dict[str, Number | Choice | Text]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Gives a command an option for each row of a table, in place of its ``**choices``.

    An option that is not given is None, so that a sidecar's choice can stand.
    """

    def decorated(command: Callable[..., None]) -> Callable[..., None]:
        signature = inspect.signature(command, eval_str=True)
        own = [one for one in signature.parameters.values() if one.kind is not inspect.Parameter.VAR_KEYWORD]

        @wraps(command)
        def with_options(*arguments: Any, **choices: Any) -> None:
            command(*arguments, **choices)

        parameters = [*own, *_parameters(table)]
        with_options.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
        return with_options

    return decorated


def _parameters(table: dict[str, Number | Choice | Text]) -> Iterator[inspect.Parameter]:
    for name, kind in table.items():
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
