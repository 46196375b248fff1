"""The check of the documentation site's links, on a site of a few lines; scripts/docs runs it on the real one."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "site" / "check_links.py"


@pytest.fixture
def check_links() -> Any:
    spec = importlib.util.spec_from_file_location("check_links", SCRIPT)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def site(tmp_path: Path) -> Path:
    (tmp_path / "deep").mkdir()
    (tmp_path / "picture.png").write_bytes(b"x")
    (tmp_path / "index.html").write_text(
        '<h1 id="top">Top</h1><img src="picture.png"><a href="deep/page.html#end">there</a>'
    )
    (tmp_path / "deep" / "page.html").write_text(
        '<p id="end"></p><a href="../index.html#top">back</a><a href="#end">end</a>'
    )
    return tmp_path


def test_a_site_whose_links_lead_somewhere(check_links: Any, site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check_links.main(site) == 0
    assert "2 pages, 0 links" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('<a href="gone.html">', "links to gone.html, which is not there"),
        ('<img src="gone.png">', "links to gone.png, which is not there"),
        ('<a href="../index.html#bottom">', "and there is no such place"),
        ('<script src="https://cdn.example/x.js"></script>', "loads https://cdn.example/x.js"),
        ('<link rel="stylesheet" href="https://fonts.example/x.css">', "loads https://fonts.example/x.css"),
    ],
)
def test_what_leads_nowhere_or_elsewhere_is_named(check_links: Any, site: Path, line: str, said: str) -> None:
    page = site / "deep" / "page.html"
    page.write_text(page.read_text() + line)
    (problem,) = check_links.problems(site)
    assert problem.startswith("deep/page.html ")
    assert said in problem


def test_links_to_other_sites_are_not_followed(check_links: Any, site: Path) -> None:
    page = site / "index.html"
    page.write_text(page.read_text() + '<a href="https://example.org/paper.pdf">paper</a><a href="mailto:a@b.c">us</a>')
    assert not check_links.problems(site)
