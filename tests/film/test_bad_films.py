"""Bad input: a named error or a notice each, and the rest is done."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from film_helpers import lumas, make_film, pan, planes, shots
from helpers import Command, data
from photochrom import film as films
from photochrom.errors import EditsError, FilmError, HintError, NoVideoError, OptionError
from photochrom.materials import Material


def test_no_film(here: Path, photochrom: Command) -> None:
    (here / "text.mp4").write_text("not a film")
    with pytest.raises(FilmError, match="is not a film"):
        films.open(here / "text.mp4")
    with pytest.raises(FilmError, match="no such file"):
        films.open(here / "absent.mp4")
    run = photochrom("video", "text.mp4", "absent.mp4")
    assert run.code == 1
    assert "text.mp4" in run.err
    assert "absent.mp4" in run.err


def test_sound_without_pictures(here: Path) -> None:
    with av.open("sound.mkv", "w") as made:
        stream: Any = made.add_stream("pcm_s16le", rate=8000)
        stream.layout = "mono"
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), "s16", "mono")
        frame.sample_rate = 8000
        made.mux(stream.encode(frame))
    with pytest.raises(NoVideoError, match="audio"):
        films.open(here / "sound.mkv")


def test_a_cut_file_is_coloured_as_far_as_it_goes(here: Path) -> None:
    whole = make_film(
        here / "in.mkv", pan(data.coffee(), 12), codec="libx264", options={"g": "4", "crf": "10"}
    ).read_bytes()
    (here / "cut.mkv").write_bytes(whole[: len(whole) * 2 // 3])
    result = films.open(here / "cut.mkv").save(here / "out.mkv", codec="ffv1")
    assert 0 < len(lumas(result)) < 12
    (here / "cut.mkv").write_bytes(whole[:300])
    with pytest.raises(FilmError):
        films.open(here / "cut.mkv")


@pytest.mark.parametrize(("codec", "at"), [("ffv1", "0.20"), ("libx264", "0.32")])
def test_damaged_frames_are_named_and_the_rest_is_done(here: Path, codec: str, at: str) -> None:
    """FFV1 has a checksum for every slice. H.264 has none: what its decoder can read as other pixels is no damage to it."""
    path = make_film(
        here / "in.mkv", pan(data.coffee(), 12), codec=codec, options={"g": "12", "crf": "15"} if "264" in codec else {}
    )
    spoiled = bytearray(path.read_bytes())
    with av.open(str(path)) as film:
        packet = [one for one in film.demux(video=0) if one.pts is not None][5]
        start, size = spoiled.find(bytes(packet)), packet.size
    for place in range(start + size // 3, start + size // 2):
        spoiled[place] ^= 0x5A
    path.write_bytes(spoiled)
    job = films.open(path).job(here / "out.mkv", codec="ffv1")
    job.run()
    assert len(lumas(job.target)) == 12
    assert any(f"damaged frames at {at} s" in notice for notice in job.notices), job.notices


@pytest.mark.parametrize("size", [(2, 2), (1, 1), (3, 40)])
def test_tiny_films_of_one_frame(here: Path, size: tuple[int, int]) -> None:
    frames = [data.astronaut()[200 : 200 + size[1], 200 : 200 + size[0]].copy()]
    made = make_film(here / "in.mkv", frames, pix_fmt="yuv444p")
    result = films.open(made).save(here / "out.mkv", codec="ffv1")
    assert all(map(np.array_equal, lumas(made), lumas(result)))


def test_what_cannot_be_written_is_refused_at_once(here: Path, photochrom: Command) -> None:
    film = films.open(make_film(here / "in.mkv", pan(data.astronaut(), 2)))
    for how in (
        {"codec": "mpeg9"},
        {"codec": "av1", "pix_fmt": "yuv444p"},
        {"pix_fmt": "rgb24"},
        {"codec": "ffv1", "crf": 3},
    ):
        with pytest.raises(OptionError):
            film.job(here / "out.mkv", **how)  # type: ignore[arg-type]
    with pytest.raises(OptionError, match=r"one that \.mp4 holds"):
        film.job(here / "out.mp4", codec="ffv1")
    assert photochrom("video", "in.mkv", "--from", "3", "--to", "2").code == 2
    assert photochrom("video", "in.mkv", "--from", "x").code == 2
    run = photochrom("video", "in.mkv", "--from", "100")
    assert (run.code, "no frames between" in run.err) == (1, True)


def test_a_container_that_cannot_hold_the_result_becomes_mkv(here: Path, photochrom: Command) -> None:
    make_film(here / "in.avi", pan(data.astronaut(), 3))
    run = photochrom("video", "in.avi")
    assert run.code == 0, run.err
    assert run.out == "in_color.mkv\n"
    assert "cannot hold the result" in run.err


def test_packed_and_rgb_frames_are_converted_with_a_notice(here: Path) -> None:
    made = make_film(here / "in.mkv", pan(data.astronaut(), 2), codec="ffv1", pix_fmt="bgr0", grey=False)
    job = films.open(made).job(here / "out.mkv", codec="ffv1")
    job.run()
    assert any("converted to yuv444p" in notice for notice in job.notices)
    assert len(planes(job.target)) == 2


def test_hints_that_cannot_be_obeyed_are_named(here: Path, photochrom: Command) -> None:
    make_film(here / "in.mkv", shots(4)[0])
    for text, wanted in (
        ("{", EditsError),
        ('{"hints": []}', EditsError),
        ('{"photochrom-film": 1, "hints": [{"x": 1, "y": 2, "color": "red"}]}', EditsError),
        ('{"photochrom-film": 1, "hints": [{"frame": 99, "x": 1, "y": 2, "color": "red"}]}', HintError),
        ('{"photochrom-film": 1, "hints": [{"frame": 0, "x": 999, "y": 2, "color": "red"}]}', HintError),
    ):
        (here / "hints.json").write_text(text)
        with pytest.raises(wanted):
            films.open("in.mkv").save("out.mkv", films.make_choices(steering=films.load_steering(Path("hints.json"))))
        assert photochrom("video", "in.mkv", "--hints", "hints.json").code == 1


def test_a_playlist_is_no_film(here: Path) -> None:
    """FFmpeg would open the files that it names."""
    make_film(here / "secret.mkv", shots(2)[0])
    for text in ("ffconcat version 1.0\nfile secret.mkv\n", "#EXTM3U\n#EXTINF:1,\nsecret.mkv\n#EXT-X-ENDLIST\n"):
        (here / "list.mp4").write_text(text)
        with pytest.raises(FilmError, match="is not a film"):
            films.open(here / "list.mp4")


def test_a_hint_may_be_a_material(here: Path) -> None:
    (here / "hints.json").write_text(
        '{"photochrom-film": 1, "hints": [{"frame": 0, "x": 1, "y": 2, "material": [50, 9, 20]}]}'
    )
    (hint,) = films.load_steering(here / "hints.json").hints
    assert hint.ab == Material((50, 9, 20))
