"""Films and jobs that are not as they should be: absurd headers, torn journals, half a job folder, odd formats."""

from __future__ import annotations

import hashlib
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest

from film_helpers import make_film, pan
from helpers import data
from photochrom import film as films
from photochrom.errors import EditsError, OutputWriteError
from photochrom.film import packets
from photochrom.film.join import join
from photochrom.film.layout import Layout, layout_of, plane_of
from photochrom.film.moment import display_size
from photochrom.film.paint import paint_frame
from photochrom.film.preview import contact_sheet
from photochrom.film.source import Frame


def test_absurd_pixels_do_not_fill_the_memory(tmp_path: Path) -> None:
    def setup(_: Any, stream: Any) -> None:
        stream.codec_context.sample_aspect_ratio = Fraction(60, 1)

    made = make_film(tmp_path / "in.mkv", pan(data.astronaut(), 2), codec="libx264", setup=setup)
    source = films.open(made).source
    assert display_size(source) == (96, 64)
    assert any("60 times as wide" in notice for notice in source.notices)


def test_the_first_line_of_a_journal_may_be_torn(tmp_path: Path) -> None:
    (tmp_path / "journal.jsonl").write_bytes(b'{"part": 0, "fra')
    journal = packets.Journal(tmp_path / "journal.jsonl")
    (tmp_path / "0.packets").write_bytes(b"whole")
    journal.add(3, {"0.packets": hashlib.sha256(b"whole").hexdigest()})
    assert packets.Journal(tmp_path / "journal.jsonl").frames == 3


def test_parts_of_a_job_that_nobody_knows_are_not_taken_for_this_ones(tmp_path: Path) -> None:
    made = make_film(tmp_path / "in.mkv", pan(data.astronaut(), 2))
    job = films.open(made).job(tmp_path / "out.mkv", codec="ffv1")
    job.folder.mkdir()
    part = job.folder / "part-000000.packets"
    part.write_bytes(b"of other choices")  # a job folder that was deleted only in part: its job.json is gone
    packets.Journal(job.folder / "journal.jsonl").add(2, {part.name: hashlib.sha256(b"of other choices").hexdigest()})
    frames: list[int] = []
    job.run(lambda event: frames.append(event["done"]) if event["event"] == "start" else None)
    assert frames == [0]


def test_frames_of_floats_have_a_layout() -> None:
    layout, kind = layout_of(av.VideoFrame(16, 16, "gbrpf32le"))
    assert (layout.pix_fmt, kind) == ("yuv444p12le", "other")


def test_colours_that_are_kept_do_not_wrap_around() -> None:
    held = av.VideoFrame(16, 16, "yuv444p12le")
    held.time_base = Fraction(1, 25)
    for index in range(3):
        plane_of(held, index)[...] = 4095
    layout = Layout(16, 16, 12, 0, 0, 1, "bt709")
    kept = paint_frame(Frame(0, 0, plane_of(held, 0), held), None, layout, layout.with_format("yuv444p10le"))
    assert plane_of(kept, 1).min() == plane_of(kept, 2).max() == 1023


def test_a_frame_beyond_all_numbers_is_named(tmp_path: Path) -> None:
    path = tmp_path / "hints.json"
    path.write_text('{"photochrom-film": 1, "hints": [{"frame": Infinity, "x": 1, "y": 1, "color": "red"}]}')
    with pytest.raises(EditsError):
        films.load_steering(path)


def test_a_contact_sheet_is_written_where_opencv_cannot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cv2, "imwrite", lambda *_: False)  # as on Windows, in a folder outside its code page
    film = films.open(make_film(tmp_path / "in.mkv", pan(data.astronaut(), 1)))
    choices = films.make_choices(threads=1)
    contact_sheet(film.source, film.reading, choices, tmp_path / "shots.png")
    assert cv2.imdecode(np.fromfile(tmp_path / "shots.png", np.uint8), cv2.IMREAD_COLOR) is not None
    for bad in ("shots.txt", "no folder/shots.png"):
        with pytest.raises(OutputWriteError):
            contact_sheet(film.source, film.reading, choices, tmp_path / bad)


def test_only_the_first_of_several_films_in_a_file_is_kept(tmp_path: Path) -> None:
    def setup(container: Any, _: Any) -> Any:
        second: Any = container.add_stream("ffv1", rate=25)
        second.width, second.height, second.pix_fmt = 96, 64, "yuv420p"
        second.disposition = av.stream.Disposition.default

        def finish(made: Any) -> None:
            frame = av.VideoFrame(96, 64, "yuv420p")
            frame.pts, frame.time_base = 0, Fraction(1, 25)
            made.mux(second.encode(frame))
            made.mux(second.encode(None))

        return finish

    made = make_film(tmp_path / "in.mkv", pan(data.astronaut(), 2), setup=setup)
    film = films.open(made)
    assert any("2 video streams" in notice for notice in film.notices)
    job = film.job(tmp_path / "out.mkv", codec="ffv1")
    part = packets.PacketFile(tmp_path / "part")
    with av.open(str(made)) as given:
        for packet in given.demux(given.streams.video[0]):
            if packet.dts is not None:
                part.write(packets.Packet(packet.pts, packet.duration or 0, True, bytes(packet)))
    part.finish()
    marks = {"software": "Photochrom", "model": "none"}
    join(film.source, job.encoding, [tmp_path / "part"], job.target, marks=marks)
    with av.open(str(job.target)) as result:
        assert len(result.streams.video) == 1
