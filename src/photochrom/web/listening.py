"""Where a server listens, and what its address is."""

from __future__ import annotations

import socket

from photochrom.errors import OptionError
from photochrom.portable import keep_address

__all__ = ["address", "listen"]


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens; port 0 takes any free one. Raises OptionError where the address cannot be used."""
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    keep_address(listener)
    try:
        listener.bind((host, port))
        listener.listen(2048)
    except (OSError, OverflowError) as error:
        listener.close()
        raise OptionError(
            "--host and --port", f"{host}:{port}", f"a free address of this computer ({error})"
        ) from error
    return listener


def address(host: str, port: int) -> str:
    """The page's address, for people to open."""
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/"
