"""Films by the API: brought, looked at, steered, coloured, stopped, taken home; whatever dies meanwhile."""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from api_helpers import decoded, encoded, listening
from fastapi.testclient import TestClient
from films_helpers import bring, colour, desk, three_shots, until
from page_helpers import serving

from film_helpers import lumas, make_film, planes
from helpers import data
from photochrom import film as films
from photochrom.web.app import create_app
from photochrom.web.settings import Settings

if not os.environ.get("CI"):
    pytest.importorskip("av")

HINT = {"frame": 5, "x": 40.0, "y": 30.0, "color": "teal"}
EDITS = {"photochrom-film": 1, "hints": [HINT], "references": [], "palettes": [{"frame": 14, "palette": "autochrome"}]}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    with desk(tmp_path_factory.mktemp("films")) as found:
        yield found


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return three_shots(tmp_path_factory.mktemp("film") / "walk.mkv")


def test_from_the_upload_to_the_film_in_colour(client: TestClient, small: Path, tmp_path: Path) -> None:
    film = bring(client, small)
    address = f"/v1/films/{film}"
    shown = client.get(address).json()
    assert (shown["width"], shown["height"], shown["frames"], shown["shots"]) == (96, 64, 36, 3)
    assert shown["thumbnails"] == 3
    assert [one["id"] for one in client.get("/v1/films").json()["films"]].count(film) == 1

    rows = client.get(f"{address}/shots").json()
    assert [(row["start"], row["stop"], row["kind"]) for row in rows] == [
        (0, 12, "film"),
        (12, 24, "film"),
        (24, 36, "film"),
    ]
    assert rows[1]["begins"] == pytest.approx(0.48)
    assert decoded(client.get(f"{address}/shots/2/thumbnail").content).shape == (64, 96, 3)

    # a frame: its light to the bit of what a player shows, and in colour, with the hint in it
    grey = decoded(client.get(f"{address}/frame", params={"frame": 17}).content)
    levels = np.rint((lumas(small)[17].astype(float) - 16) * 255 / 219).clip(0, 255)
    np.testing.assert_array_equal(grey.reshape(64, 96), levels)
    automatic = decoded(client.get(f"{address}/frame", params={"time": 0.2, "look": "after"}).content)
    assert client.put(f"{address}/edits", json=EDITS).status_code == 200
    assert client.get(f"{address}/edits").json()["hints"][0]["color"] == "teal"
    steered = decoded(client.get(f"{address}/frame", params={"time": 0.2, "look": "after"}).content)
    assert np.abs(steered.astype(int) - automatic)[26:34, 36:44].mean() > 5

    # the whole, equal to what the command line and Python make of the same choices
    assert client.put(f"{address}/choices", json={"vividness": 0.7, "codec": "ffv1"}).status_code == 200
    shown = colour(client, film)
    assert shown["result"]["name"] == "walk_color.mkv"
    assert shown["result"]["current"]
    whole = client.get(f"{address}/result")
    assert (whole.status_code, whole.headers["accept-ranges"]) == (200, "bytes")
    assert "walk_color.mkv" in whole.headers["content-disposition"]
    (tmp_path / "result.mkv").write_bytes(whole.content)
    (tmp_path / "hints.json").write_text(client.get(f"{address}/edits").text)
    given = films.make_choices(vividness=0.7, threads=1, steering=films.load_steering(tmp_path / "hints.json"))
    films.open(small).save(tmp_path / "again.mkv", given, codec="ffv1", threads=1)
    for ours, theirs in zip(planes(tmp_path / "result.mkv"), planes(tmp_path / "again.mkv"), strict=True):
        assert all(map(np.array_equal, ours, theirs))
    assert all(map(np.array_equal, lumas(small), lumas(tmp_path / "result.mkv")))

    # parts of it
    part = client.get(f"{address}/result", headers={"Range": "bytes=100-299"})
    assert (part.status_code, part.content) == (206, whole.content[100:300])
    assert part.headers["content-range"] == f"bytes 100-299/{len(whole.content)}"
    assert client.get(f"{address}/result", headers={"Range": "bytes=-50"}).content == whole.content[-50:]
    assert client.get(f"{address}/result", headers={"Range": f"bytes={10**9}-"}).status_code == 416

    # other choices make another film, and what is there is not thrown away unasked
    client.put(f"{address}/choices", json={"vividness": 0.2})
    assert client.get(address).json()["stale"]
    refused = client.put(f"{address}/job", json={})
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/conflict")
    assert client.get(f"{address}/result").content == whole.content
    shown = colour(client, film, restart=True)
    assert shown["result"]["current"]
    assert client.get(f"{address}/result").content != whole.content

    assert client.delete(address).status_code == 204
    assert client.get(address).json()["type"] == "/problems/film-gone"


def test_progress_is_sent_as_it_is_made(client: TestClient, small: Path) -> None:
    film = bring(client, small)
    assert client.put(f"/v1/films/{film}/job", json={}).status_code == 200
    answer = client.get(f"/v1/films/{film}/events")  # which ends with the work
    assert answer.headers["content-type"].startswith("text/event-stream")
    events = [block.split("\n") for block in answer.text.strip().split("\n\n") if not block.startswith(":")]
    assert {name for name, _ in events} == {"event: film"}
    states = [json.loads(data.removeprefix("data: "))["coloring"]["state"] for _, data in events]
    assert states[0] in ("queued", "running")
    assert states[-1] == "done"
    again = client.get(f"/v1/films/{film}/events").text  # nothing is at work: one event
    assert json.loads(again.split("data: ")[1]) == client.get(f"/v1/films/{film}").json()
    client.delete(f"/v1/films/{film}")
    assert client.get(f"/v1/films/{film}/events").status_code == 404


def test_a_clip_of_before_and_after(client: TestClient, small: Path, tmp_path: Path) -> None:
    film = bring(client, small)
    address = f"/v1/films/{film}"
    for kind in ("mp4", "webm"):
        assert client.put(f"{address}/clip", json={"shot": 1, "moment": 15, "format": kind}).status_code == 200
        shown = until(
            client, film, lambda now, kind=kind: now["clip"]["state"] == "done" and now["clip"]["format"] == kind
        )
        assert (shown["clip"]["current"], shown["clip"]["shot"]) == (True, 1)
        (tmp_path / f"clip.{kind}").write_bytes(client.get(f"{address}/clip").content)
        import av

        with av.open(str(tmp_path / f"clip.{kind}")) as clip:
            frames = [frame.to_ndarray(format="rgb24").astype(int) for frame in clip.decode(video=0)]
        assert len(frames) == 12
        before, after = frames[3][:64], frames[3][64:]
        assert np.ptp(before, axis=2).mean() < 4
        assert np.ptp(after, axis=2).mean() > 8
        assert np.abs(before.mean(axis=2) - lumas(small)[15]).mean() < 30
    client.put(f"{address}/edits", json=EDITS)
    assert not client.get(address).json()["clip"]["current"]
    for wrong in ({"shot": 9}, {"shot": 0, "moment": 30}):
        assert client.put(f"{address}/clip", json=wrong).status_code == 422
    client.delete(address)


def test_what_is_no_film_is_refused_by_name(client: TestClient, small: Path, tmp_path: Path) -> None:
    import av

    with av.open(str(tmp_path / "sound.mkv"), "w") as made:
        stream: Any = made.add_stream("pcm_s16le", rate=8000)
        stream.layout = "mono"
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), "s16", "mono")
        frame.sample_rate = 8000
        made.mux(stream.encode(frame))
    secret = three_shots(tmp_path / "secret.mkv", 2)
    cases = {
        "text.mp4": (b"not a film", "is not a film that can be read"),
        "empty.mp4": (b"", "empty"),
        "cut.mkv": (small.read_bytes()[:300], ""),
        "sound.mkv": ((tmp_path / "sound.mkv").read_bytes(), "has no pictures, only audio"),
        # playlists would make the server open other files of its own, and addresses elsewhere
        "list.mp4": (f"ffconcat version 1.0\nfile {secret}\n".encode(), "is not a film that can be read"),
        "list.mkv": (f"#EXTM3U\n#EXTINF:1,\n{secret}\n#EXT-X-ENDLIST\n".encode(), "is not a film that can be read"),
    }
    before = client.get("/v1/films").json()
    for name, (content, why) in cases.items():
        answer = client.post("/v1/films", params={"name": name}, content=content)
        assert (answer.status_code, answer.json()["field"]) == (415, "film"), answer.text
        assert why in answer.json()["detail"]
        assert str(tmp_path) not in answer.text
    assert client.get("/v1/films").json() == before


def test_a_cut_film_is_coloured_as_far_as_it_goes(client: TestClient, small: Path) -> None:
    whole = small.read_bytes()
    answer = client.post("/v1/films", params={"name": "cut.mkv"}, content=whole[: len(whole) * 2 // 3])
    film = answer.json()["id"]
    until(client, film, lambda shown: shown["reading"]["state"] == "done")
    shown = colour(client, film)
    assert 0 < shown["frames"] < 36
    client.delete(f"/v1/films/{film}")


def test_limits(tmp_path: Path, small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with desk(tmp_path / "films", max_film_bytes=1000) as client:
        answer = client.post("/v1/films", content=small.read_bytes())
        assert (answer.status_code, answer.json()["limit"], answer.json()["field"]) == (413, 1000, "film")
    with desk(tmp_path / "films") as client:
        usual = shutil.disk_usage
        monkeypatch.setattr(shutil, "disk_usage", lambda path: usual(path)._replace(free=1000))
        answer = client.post("/v1/films", content=small.read_bytes())
        assert (answer.status_code, answer.json()["type"]) == (507, "/problems/disk-full")
        monkeypatch.setattr(shutil, "disk_usage", usual)

        def full(*_: Any) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr("photochrom.web.films_upload._check_room", full)
        assert client.post("/v1/films", content=small.read_bytes()).status_code == 507
    assert [path.name for path in (tmp_path / "films").iterdir() if path.is_dir()] == []


@pytest.mark.parametrize(
    ("edits", "why"),
    [
        ({"hints": [HINT | {"x": 96}]}, "outside the film's 96 x 64 pixels"),
        ({"hints": [HINT | {"frame": 99}]}, "there is no frame 99"),
        ({"hints": [HINT | {"color": "no such colour"}]}, "no such colour"),
        ({"hints": [{"x": 1, "y": 1, "color": "red"}]}, "give a time or a frame"),
        ({"references": [{"time": 0, "path": "../../secret"}]}, "pattern"),
        ({"references": [{"time": 0, "path": "r7"}]}, "no reference 'r7'"),
        ({"palettes": [{"time": 0, "palette": "/etc/passwd"}]}, "palette"),
        ({"photochrom-film": 2}, ""),
        ({"more": 1}, ""),
    ],
)
def test_edits_that_do_not_fit_change_nothing(client: TestClient, small: Path, edits: Any, why: str) -> None:
    known = [one["id"] for one in client.get("/v1/films").json()["films"] if one["name"] == "kept.mkv"]
    film = known[0] if known else bring(client, small, "kept.mkv")
    before = client.get(f"/v1/films/{film}/edits").json()
    answer = client.put(f"/v1/films/{film}/edits", json=edits)
    assert answer.status_code in (404, 422), answer.text
    assert why in answer.text
    assert client.get(f"/v1/films/{film}/edits").json() == before


def test_a_reference_gives_its_colours(client: TestClient, tmp_path: Path) -> None:
    colours = data.coffee()[100:300, 100:400]
    made = make_film(tmp_path / "still.mkv", [colours] * 6)
    film = bring(client, made)
    answer = client.post(f"/v1/films/{film}/references", files={"picture": ("c.png", encoded(colours))})
    assert (answer.status_code, answer.json()["id"]) == (201, "r1")
    edits = {"references": [{"frame": 0, "path": "r1"}]}
    assert client.put(f"/v1/films/{film}/edits", json=edits).status_code == 200
    client.put(f"/v1/films/{film}/choices", json={"codec": "ffv1"})
    colour(client, film)
    (tmp_path / "out.mkv").write_bytes(client.get(f"/v1/films/{film}/result").content)
    import av

    with av.open(str(tmp_path / "out.mkv")) as result:
        first = next(result.decode(video=0)).to_ndarray(format="rgb24").astype(int)
    assert np.abs(first - colours).mean() < 8
    assert client.post(f"/v1/films/{film}/references", files={"picture": ("c.png", b"no")}).status_code == 415
    client.delete(f"/v1/films/{film}")


def test_one_film_at_a_time_and_stopped_where_wanted(client: TestClient, tmp_path: Path) -> None:
    long = three_shots(tmp_path / "long.mkv", 60)
    first, second = bring(client, long), bring(client, long)
    for film in (first, second):
        assert client.put(f"/v1/films/{film}/job", json={}).status_code == 200
    shown = until(client, first, lambda shown: shown["coloring"]["done"] > 0)
    assert (shown["coloring"]["state"], shown["coloring"]["total"]) == ("running", 180)
    assert client.get(f"/v1/films/{second}").json()["coloring"]["state"] == "queued"
    shown = client.delete(f"/v1/films/{first}/job").json()
    assert shown["coloring"]["state"] == "stopped"
    until(client, second, lambda shown: shown["coloring"]["state"] == "running")
    assert client.delete(f"/v1/films/{second}").status_code == 204  # at work, and gone all the same
    shown = colour(client, first)
    assert shown["coloring"]["state"] == "done"
    folder = client.app.state.photochrom.settings.films  # type: ignore[attr-defined]
    assert not (folder / second).exists()
    client.delete(f"/v1/films/{first}")


def worker_of(film: str) -> int:
    """The process that colours a film."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().split(b"\0")
        except OSError:
            continue
        if b"photochrom.web.films_worker" in words and film.encode() in b"".join(words) and b"color" in words:
            return int(path.parent.name)
    raise AssertionError("nobody works on it")


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="finds processes by /proc")
def test_a_worker_that_is_killed_takes_nothing_with_it(client: TestClient, tmp_path: Path) -> None:
    film = bring(client, three_shots(tmp_path / "long.mkv", 40))
    client.put(f"/v1/films/{film}/job", json={})
    until(client, film, lambda shown: shown["coloring"]["state"] == "running" and shown["coloring"]["done"] > 0)
    os.kill(worker_of(film), signal.SIGKILL)
    ends = time.monotonic() + 60
    while (shown := client.get(f"/v1/films/{film}").json())["coloring"]["state"] != "failed":
        assert time.monotonic() < ends
        time.sleep(0.05)
    assert "signal 9" in shown["coloring"]["message"]
    assert client.get("/healthz").status_code == 200
    assert colour(client, film)["result"] is not None
    client.delete(f"/v1/films/{film}")


def test_a_server_that_is_killed_goes_on_where_it_was(tmp_path: Path) -> None:
    made = three_shots(tmp_path / "long.mkv", 30)
    with serving(tmp_path, "--films", str(tmp_path / "films")) as server:
        with httpx.Client(base_url=server.address, timeout=60) as web:
            film = bring(web, made)
            web.put(f"/v1/films/{film}/choices", json={"codec": "ffv1"})
            web.put(f"/v1/films/{film}/job", json={}).raise_for_status()
            journal = next((tmp_path / "films" / film).glob("*.job"), None)
            ends = time.monotonic() + 120
            while journal is None or not (journal / "journal.jsonl").exists():
                assert time.monotonic() < ends
                time.sleep(0.02)
                journal = next((tmp_path / "films" / film).glob("*.job"), None)
            first = (journal / "journal.jsonl").read_bytes()
        server.kill()
        assert not (tmp_path / "films" / film / "done.json").exists()
        server.start()
        with httpx.Client(base_url=server.address, timeout=60) as web:
            shown = until(web, film, lambda shown: shown["coloring"]["state"] == "done")
            content = web.get(f"/{shown['result']['href']}").content
    assert first
    (tmp_path / "result.mkv").write_bytes(content)
    films.open(made).save(tmp_path / "again.mkv", films.make_choices(threads=1), codec="ffv1", threads=1)
    for ours, theirs in zip(planes(tmp_path / "result.mkv"), planes(tmp_path / "again.mkv"), strict=True):
        assert all(map(np.array_equal, ours, theirs))


def test_results_are_fetched_with_a_token_or_a_secret_address(tmp_path: Path, small: Path) -> None:
    with desk(tmp_path / "films", token="a long secret") as client:
        assert client.get("/v1/films").status_code == 401
        client.headers["Authorization"] = "Bearer a long secret"
        film = bring(client, small)
        shown = colour(client, film)
        del client.headers["Authorization"]
        href = shown["result"]["href"]
        part = client.get(f"/{href}", headers={"Range": "bytes=0-9"})
        assert (part.status_code, len(part.content)) == (206, 10)
        _, _, ticket, name = href.split("/")
        for wrong in (
            f"/films/{film}/{'0' * 32}/{name}",
            f"/films/{film}/{ticket}/about.json",
            f"/films/{'0' * 32}/{ticket}/{name}",
        ):
            assert client.get(wrong).status_code == 404


def test_a_server_without_films_says_why(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with TestClient(create_app(Settings(threads=1)), base_url="http://127.0.0.1") as client:
        assert "--films" in client.get("/v1/films").json()["why"]
        assert client.post("/v1/films", content=b"x").status_code == 404
    monkeypatch.setitem(sys.modules, "av", None)
    with desk(tmp_path) as client:
        shown = client.get("/v1/films").json()
        assert (shown["available"], "pip install 'photochrom[video]'" in shown["why"]) == (False, True)
        answer = client.post("/v1/films", content=b"x")
        assert (answer.status_code, "photochrom[video]" in answer.json()["detail"]) == (404, True)


def test_where_films_lie_is_only_said_on_this_computer(tmp_path: Path) -> None:
    with desk(tmp_path, hosts=("localhost", "127.0.0.1", "::1")) as client:
        assert client.get("/v1/films").json()["folder"] == str(tmp_path)
    with desk(tmp_path) as client:
        assert client.get("/v1/films").json()["folder"] is None


def test_the_example_of_the_documentation(tmp_path: Path) -> None:
    three_shots(tmp_path / "film.mp4", 4)
    text = (Path(__file__).parents[2] / "docs" / "api.md").read_text("utf-8")
    (code,) = re.findall(r"^```py\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    with listening(create_app(Settings(threads=1, films=tmp_path / "films"))) as address:
        code = code.replace("http://127.0.0.1:8080", address)
        subprocess.run([sys.executable, "-W", "error", "-c", code], check=True, cwd=tmp_path)
    assert len(lumas(tmp_path / "film_color.mp4")) == 12
    assert not list((tmp_path / "films").glob("*/about.json"))
