"""``photochrom serve``: the page and the REST API."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

__all__ = ["serve"]


def serve(
    host: Annotated[
        str, typer.Option(help="Address to listen on; 0.0.0.0 lets others on the network in, with --token.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on; 0 takes a free one.")] = 8080,
    token: Annotated[
        str | None, typer.Option(envvar="PHOTOCHROM_TOKEN", help="What clients must show: Authorization: Bearer TOKEN.")
    ] = None,
    no_token: Annotated[bool, typer.Option("--no-token", help="Let everybody in who can reach --host.")] = False,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes on this machine.")] = 1,
    engine: Annotated[
        Literal["local", "ray"], typer.Option(help="ray: as a deployment of Ray Serve, needs the extra [batch].")
    ] = "local",
    model: Annotated[str | None, typer.Option(help="Catalogue name, where a request names none.")] = None,
    allow_origin: Annotated[
        list[str] | None, typer.Option(help="Another site whose pages may use the API; may be repeated.")
    ] = None,
    jobs: Annotated[int, typer.Option(min=1, max=256, help="Requests worked on at a time, in each worker.")] = 2,
    threads: Annotated[int | None, typer.Option(min=1, help="Processor threads of a request; by default all.")] = None,
    max_queue: Annotated[int, typer.Option(min=0, help="Requests that may wait, in each worker.")] = 64,
    max_seconds: Annotated[float, typer.Option(min=1, help="A request may take.")] = 120.0,
    max_megabytes: Annotated[float, typer.Option(min=0.001, help="Of an upload.")] = 200.0,
    max_pixels: Annotated[float, typer.Option(help="Refuse pictures of more megapixels than this.")] = 200.0,
    max_sessions: Annotated[int, typer.Option(min=1, help="Pictures kept for clients; the oldest give way.")] = 100,
    max_disk: Annotated[float, typer.Option(min=1, help="Megabytes that they take on disk.")] = 8000.0,
    max_memory: Annotated[
        float, typer.Option(min=1, help="Megabytes of opened pictures in each worker; others are opened again.")
    ] = 400.0,
    folder: Annotated[
        Path | None, typer.Option(help="Where uploads are kept meanwhile; with ray on several machines, a shared one.")
    ] = None,
    films: Annotated[
        Path | None,
        typer.Option(
            envvar="PHOTOCHROM_FILMS",
            help="Where films lie until they are removed; by default in the user's folder for the data of programs.",
        ),
    ] = None,
    max_film_gigabytes: Annotated[float, typer.Option(min=0.001, help="Of a film.")] = 50.0,
    keep: Annotated[float, typer.Option(min=0.01, help="Minutes until an unused picture is deleted.")] = 60.0,
) -> None:
    """Serve a page to colour photographs by clicking, and a REST API, until Ctrl-C. Nothing leaves this computer."""
    from photochrom.catalog import DEFAULT_MODEL, find_model
    from photochrom.errors import OptionError
    from photochrom.portable import data_folder
    from photochrom.web.server import check_host
    from photochrom.web.server import serve as run
    from photochrom.web.settings import Settings

    if not 0 < max_pixels < float("inf"):
        raise OptionError("--max-pixels", max_pixels, "a number of megapixels above 0")
    settings = Settings(
        model=find_model(model or DEFAULT_MODEL).name,
        max_bytes=round(max_megabytes * 1e6),
        max_pixels=round(max_pixels * 1e6),
        jobs=jobs,
        threads=threads,
        max_queue=max_queue,
        max_seconds=max_seconds,
        keep=keep * 60,
        max_sessions=max_sessions,
        max_disk=round(max_disk * 1e6),
        max_memory=round(max_memory * 1e6),
        token=token,
        origins=tuple(allow_origin or ()),
        films=None if engine == "ray" else (films or data_folder() / "films").absolute(),
        max_film_bytes=round(max_film_gigabytes * 1e9),
    )
    settings = check_host(host, settings, no_token=no_token)
    if engine == "ray":
        from photochrom.web.ray_serve import serve as run_on_ray

        run_on_ray(settings, host, port, workers=workers, folder=folder, ready=_say)
        return
    run(settings, host, port, workers=workers, folder=folder, ready=_say)


def _say(address: str) -> None:
    typer.echo(f"Photochrom is at {address}")
