"""What the tests of picture files share."""

from __future__ import annotations

import pytest

from photochrom.images import read


@pytest.fixture(params=["held", "streamed"])
def memory(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both ways of reading: decoded once, and decoded again for each pass."""
    if request.param == "streamed":
        monkeypatch.setattr(read, "IN_MEMORY", 0)
    return str(request.param)
