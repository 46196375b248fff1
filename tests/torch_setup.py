"""What tests of networks share: the mark ``train``, and one thread: at their sizes the fastest, and its sums are reproducible."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest


def mark_train(items: list[pytest.Item], folder: Path) -> None:
    """Mark the tests below a folder as those that need torch."""
    for item in items:
        if folder in item.path.parents:
            item.add_marker(pytest.mark.train)


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> Iterator[None]:
    """torch computes in one thread."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
