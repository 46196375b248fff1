"""``photochrom``: the verbs, and what they share: errors go to stderr in one line, exit codes 0, 1 and 2."""

from __future__ import annotations

import errno
import sys
from typing import Annotated

import typer

from photochrom.cli.batch import app as batch
from photochrom.cli.colorize import colorize
from photochrom.cli.evaluate import evaluate
from photochrom.cli.models import models
from photochrom.cli.papers import papers
from photochrom.cli.plain_help import PlainHelp
from photochrom.cli.serve import serve
from photochrom.cli.shards import shards, store
from photochrom.cli.study import app as study
from photochrom.cli.suggest import suggest
from photochrom.cli.train import export, train
from photochrom.cli.video import video
from photochrom.portable import write_any_text

__all__ = ["app", "main"]

app = typer.Typer(
    name="photochrom",
    help="Colour for black-and-white photographs: offline, on a plain CPU, at full resolution.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command(cls=PlainHelp)(colorize)
app.command(cls=PlainHelp)(suggest)
app.command(cls=PlainHelp)(video)
app.command()(models)
app.command()(train)
app.command()(export)
app.command()(shards)
app.command()(store)
app.command()(papers)
app.command()(evaluate)
app.command()(serve)
app.add_typer(study)
app.add_typer(batch)


def _version(wanted: bool) -> None:
    if wanted:
        from photochrom import __version__

        typer.echo(f"photochrom {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and leave.")
    ] = False,
) -> None:
    pass


def main(arguments: list[str] | None = None) -> None:
    """Entry point of the ``photochrom`` command: named errors become one line on stderr and exit code 1 or 2.

    ``arguments``: what follows the command's name; None takes the process's own. Always raises SystemExit.
    """
    from photochrom.cli.ending import Terminated, ending_cleanly, leave_soon
    from photochrom.cli.streams import flush_output, no_gaps, say, stream_failed
    from photochrom.errors import MissingExtraError, OptionError, PhotochromError, RecipeError, UnknownModelError

    code: int | str | None
    interrupted = False
    no_gaps()
    for stream in (sys.stdout, sys.stderr):
        write_any_text(stream)
    try:
        with ending_cleanly():
            app(args=arguments, prog_name="photochrom", obj=sys.argv[1:] if arguments is None else arguments)
        code = 0
    except PhotochromError as error:
        say(f"photochrom: {error}")
        usage = isinstance(error, OptionError | UnknownModelError | RecipeError | MissingExtraError)
        code = 2 if usage else 1
    except KeyboardInterrupt:
        code, interrupted = 130, True
    except SystemExit as left:
        code = left.code
        interrupted = isinstance(left, Terminated) or code == 130  # Typer's code for Ctrl-C
    except OSError as error:
        if error.filename is not None or error.errno not in (errno.ENOSPC, errno.EIO, errno.EPIPE):
            raise
        code = stream_failed(error)  # of files, these are named errors: only standard output is left
    code = flush_output() or code
    if interrupted and arguments is None:
        leave_soon(code)
    sys.exit(code)
