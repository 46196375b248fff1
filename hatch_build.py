"""``project.urls`` from the address that this checkout was cloned from, so that a fork's package names the fork.

In GitHub's workflow that is the workflow's own repository, elsewhere git's remote ``origin``. What is not public (a folder, a
server inside a network) is left out. A wheel that is built from a source distribution takes the addresses that stand there.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

#: https://host/owner/name, ssh://git@host/owner/name and git@host:owner/name. The host has a dot and a name, not only figures, so
#: that addresses inside a network are none; before it stands at most "git@", so that nobody's password is published.
_ADDRESS = re.compile(
    r"(?:https://|ssh://git@|git@)(?P<host>(?:[a-z0-9-]+\.)+[a-z]{2,})(?P<separator>[/:])(?P<path>[\w.-]+(?:/[\w.-]+)+)/?",
    re.IGNORECASE,
)
#: Ends of names that are never public.
_PRIVATE = (".local", ".internal", ".lan", ".localdomain", ".home", ".corp", ".test", ".invalid", ".example")


def public_address(remote: str) -> str | None:
    """The https address of a repository, from what ``git remote get-url`` prints; None for one that is not public."""
    remote = remote.strip()
    found = _ADDRESS.fullmatch(remote)
    if found is None or found["host"].lower().endswith(_PRIVATE):
        return None
    if (found["separator"] == ":") != remote.startswith("git@"):
        return None
    return f"https://{found['host'].lower()}/{found['path'].removesuffix('.git')}"


def urls_of(address: str | None) -> dict[str, str]:
    """The addresses of a project at GitHub or a host like it; empty without one."""
    if address is None:
        return {}
    return {
        "Homepage": address,
        "Source": address,
        "Issues": f"{address}/issues",
        "Changelog": f"{address}/blob/main/CHANGELOG.md",
        "Documentation": f"{address}/tree/main/docs",
    }


def address_of(root: Path, environment: Mapping[str, str]) -> str | None:
    """The public address of the checkout at ``root``, if it has one."""
    # Without a repository of its own git would look in the folders above, and find another project.
    if not (root / ".git").exists():
        return None
    server, repository = environment.get("GITHUB_SERVER_URL"), environment.get("GITHUB_REPOSITORY")
    # A workflow of another project may build this one, too: what it checked out itself lies in its workspace.
    own = environment.get("GITHUB_WORKSPACE")
    if server and repository and own and Path(own).resolve() == root.resolve():
        return public_address(f"{server}/{repository}")
    try:
        asked = subprocess.run(
            ["git", "-C", str(root), "remote", "get-url", "origin"], capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return public_address(asked.stdout)


class Urls(MetadataHookInterface):
    """Called by hatchling, unless a source distribution already has addresses."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Fill in ``urls``."""
        metadata["urls"] = urls_of(address_of(Path(self.root), os.environ))
