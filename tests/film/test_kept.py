"""What must be kept of a film: luma to the bit, times, sound, tags, rotation, aspect."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from film_helpers import lumas, make_film, pan, planes, shots, times
from helpers import Command, data
from photochrom import film as films

FORMATS = [
    ("yuv420p", 1),
    ("yuv420p", 2),
    ("yuv422p", 1),
    ("yuv444p", 1),
    ("yuv420p10le", 1),
    ("yuv422p10le", 2),
    ("yuv444p12le", 1),
    ("gray", 2),
    ("gray10le", 1),
]


@pytest.mark.parametrize(("pix_fmt", "span"), FORMATS)
def test_luma_is_the_inputs_bit_for_bit(here: Path, pix_fmt: str, span: int) -> None:
    made = make_film(here / "in.mkv", pan(data.astronaut(), 4, (75, 51)), pix_fmt=pix_fmt, span=span)
    result = films.open(made).save(here / "out.mkv", codec="ffv1")
    before, after = lumas(made), lumas(result)
    assert len(before) == len(after) == 4
    for one, other in zip(before, after, strict=True):
        assert one.dtype == other.dtype
        assert np.array_equal(one, other)
    chroma = planes(result)[0][1].astype(int)
    assert np.ptp(chroma) > 0  # and there is colour


def test_a_deeper_format_holds_the_same_luma(here: Path) -> None:
    made = make_film(here / "in.mkv", pan(data.astronaut(), 3))
    job = films.open(made).job(here / "out.mkv", codec="ffv1", pix_fmt="yuv422p10le")
    job.run()
    assert any("loses nothing" in notice for notice in job.notices)
    for one, other in zip(lumas(made), lumas(job.target), strict=True):
        assert np.array_equal(one.astype(np.uint16) * 4, other)


@pytest.mark.parametrize("name", ["in.mkv", "in.mp4", "in.mov"])
def test_uneven_times_are_carried(here: Path, name: str) -> None:
    at = [80, 120, 160, 280, 281, 400, 520, 560]
    made = make_film(here / name, pan(data.coffee(), len(at)), codec="libx264", times=at)
    result = films.open(made).save(here / f"out{Path(name).suffix}")
    assert times(result) == times(made)


def test_sound_tags_chapters_and_aspect_are_kept(here: Path, photochrom: Command) -> None:
    def setup(container: Any, stream: Any) -> Any:
        container.metadata["title"] = "A title"
        container.set_chapters(
            [{"id": 1, "start": 0, "end": 200, "time_base": Fraction(1, 1000), "metadata": {"title": "One"}}]
        )
        stream.codec_context.sample_aspect_ratio = Fraction(4, 3)
        sound = container.add_stream("pcm_s16le", rate=8000)
        sound.layout = "mono"
        sound.metadata["language"] = "deu"

        def finish(made: Any) -> None:
            tone = (np.sin(np.arange(4000) / 5) * 8000).astype(np.int16)[None]
            frame = av.AudioFrame.from_ndarray(tone, "s16", "mono")
            frame.sample_rate, frame.pts = 8000, 0
            made.mux(sound.encode(frame))
            made.mux(sound.encode(None))

        return finish

    make_film(here / "in.mkv", pan(data.coffee(), 6), codec="libx264", setup=setup)
    run = photochrom("video", "in.mkv")
    assert (run.code, run.out) == (0, "in_color.mkv\n")
    with av.open("in.mkv") as one, av.open("in_color.mkv") as other:
        assert other.metadata["title"] == "A title"
        assert "compositeWithTrainedAlgorithmicMedia" in other.metadata["COMMENT"]
        assert [row["metadata"]["title"] for row in other.chapters()] == ["One"]
        assert other.streams.video[0].sample_aspect_ratio == Fraction(4, 3)
        assert other.streams.audio[0].metadata["language"] == "deu"
        heard = [[bytes(packet) for packet in each.demux(audio=0)] for each in (one, other)]
    assert heard[0] == heard[1]
    assert sum(map(len, heard[0])) == 8000


def test_rotation_is_kept_and_the_picture_is_seen_upright(here: Path) -> None:
    frames = pan(data.astronaut(), 2, (96, 72))
    turned = [np.ascontiguousarray(np.rot90(frame, -1)) for frame in frames]  # a player turns it back by 90 degrees

    def setup(container: Any, stream: Any) -> None:
        stream.set_display_rotation(90)

    plain = films.open(make_film(here / "plain.mp4", frames, codec="libx264", pix_fmt="yuv444p")).save(
        codec="h264", crf=1
    )
    made = make_film(here / "turned.mp4", turned, codec="libx264", pix_fmt="yuv444p", setup=setup)
    result = films.open(made).save(codec="h264", crf=1)
    with av.open(str(result)) as film:
        assert next(film.decode(video=0)).rotation == 90
    upright, lying = planes(plain)[0][1].astype(int), planes(result)[0][1].astype(int)
    assert np.abs(np.rot90(lying) - upright).mean() < 4


def test_interlaced_film_stays_interlaced(here: Path) -> None:
    made = make_film(
        here / "in.mkv",
        pan(data.coffee(), 4),
        codec="libx264",
        options={"crf": "5", "x264-params": "tff=1:interlaced=1"},
    )
    film = films.open(made)
    assert film.source.interlaced
    result = film.save(here / "out.mkv")
    with av.open(str(result)) as film_out:
        assert next(film_out.decode(video=0)).interlaced_frame
    whole = films.open(made, deinterlace=True).save(here / "whole.mkv")
    with av.open(str(whole)) as film_out:
        assert not next(film_out.decode(video=0)).interlaced_frame


def test_a_part_of_a_film(here: Path, photochrom: Command) -> None:
    make_film(here / "in.mkv", [frame for shot in shots(10) for frame in shot])
    assert (
        photochrom("video", "in.mkv", "--from", "0.4", "--to", "00:00:00.8", "-o", "out.mkv", "--codec", "ffv1").code
        == 0
    )
    assert times(here / "out.mkv") == [Fraction(index * 40, 1000) for index in range(10)]
    assert all(map(np.array_equal, lumas(here / "in.mkv")[10:20], lumas(here / "out.mkv")))


def test_parts_in_colour_can_be_kept(here: Path) -> None:
    first, second, _ = shots(10)
    make_film(here / "grey.mkv", first)
    make_film(here / "in.mkv", second, grey=False)
    kept = films.open(here / "in.mkv").save(here / "kept.mkv", films.make_choices(keep_color=True), codec="ffv1")
    for one, other in zip(planes(here / "in.mkv"), planes(kept), strict=True):
        assert all(map(np.array_equal, one, other))
    changed = films.open(here / "in.mkv").save(here / "changed.mkv", codec="ffv1")
    assert not np.array_equal(planes(here / "in.mkv")[0][1], planes(changed)[0][1])
