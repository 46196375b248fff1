"""A server that others in the network can reach: its real addresses, a QR code for phones, and what that means."""

from __future__ import annotations

import ipaddress
import secrets
import socket
import sys
from contextlib import suppress
from urllib.parse import quote

from photochrom.errors import MissingExtraError
from photochrom.web.listening import address

__all__ = ["announcement", "invented_token", "is_local", "own_addresses", "qr_code"]

#: Places to which a packet would leave by the usual ways; none is sent.
_AWAY = (
    ("192.0.2.1", socket.AF_INET),
    ("10.255.255.254", socket.AF_INET),
    ("192.168.255.254", socket.AF_INET),
    ("172.31.255.254", socket.AF_INET),
)


def is_local(host: str) -> bool:
    """Whether only this computer can reach an address."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def invented_token() -> str:
    """A token that nobody guesses, and that can be typed."""
    letters = "abcdefghjkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(letters) for _ in range(4)) for _ in range(4))


def own_addresses(host: str) -> list[str]:
    """The addresses under which others find this computer where it listens on ``host``; the likeliest first."""
    try:
        everywhere = ipaddress.ip_address(host).is_unspecified
    except ValueError:
        everywhere = False
    if not everywhere:
        return [host]
    found: list[str] = []
    for target, family in _AWAY:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            try:
                probe.connect((target, 9))
                found.append(probe.getsockname()[0])
            except OSError:
                continue
    with suppress(OSError):
        found += [str(row[4][0]) for row in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)]
    return list(dict.fromkeys(one for one in found if not is_local(one) and one != "0.0.0.0"))


def qr_code(text: str) -> str:
    """A QR code for a terminal, black on white whatever its colours; two rows of modules in each line.

    Raises MissingExtraError.
    """
    try:
        import segno
    except ImportError as error:
        raise MissingExtraError("web", "the QR code of `photochrom serve`") from error
    rows = [[bool(module) for module in row] for row in segno.make(text, error="l").matrix_iter(border=2)]
    rows += [[False] * len(rows[0])] * (len(rows) % 2)
    signs = {(False, False): " ", (True, True): "█", (True, False): "▀", (False, True): "▄"}
    lines = ("".join(signs[pair] for pair in zip(*rows[y : y + 2], strict=True)) for y in range(0, len(rows), 2))
    return "\n".join(f"\x1b[30;107m{line}\x1b[0m" for line in lines)


def announcement(host: str, port: int, token: str | None) -> str:
    """The page's address; where others can reach it, all of them, with the token, a code for phones, and plain words."""
    if is_local(host):
        return address(host, port)
    ending = "" if token is None else f"#token={quote(token, safe='')}"
    links = [address(one, port) + ending for one in own_addresses(host)]
    lines = [links[0] if links else address(host, port) + ending, *(f"  or {link}" for link in links[1:])]
    if links and sys.stdout.isatty():
        lines += ["", qr_code(links[0]), "Scan it with a phone in the same network."]
    lines += [
        "",
        "Pictures go from there to this computer, unencrypted, and no further; they are deleted after their time.",
    ]
    if token is None:
        lines.append("There is no token: everybody in the network can use it, and its computing power.")
    else:
        lines.append(f"Whoever has the address with its token can use it. The token alone is: {token}")
    if not links:
        lines.append("This computer has no address in a network now; only it itself can reach the page.")
    return "\n".join(lines)
