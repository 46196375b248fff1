"""What is asked and answered about films, as JSON."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from photochrom.edits.dials import REACH
from photochrom.web.options import Ab, Color, Coordinate, DialFields, Lab, Reach, Rle, Strict

__all__ = [
    "REFERENCE",
    "Clip",
    "ClipWanted",
    "Film",
    "FilmChoices",
    "FilmEdits",
    "Films",
    "JobWanted",
    "Progress",
    "Result",
    "ShotShown",
]

#: The ids of reference pictures.
REFERENCE = r"^r[0-9]{1,4}$"
Palette = Annotated[str, Field(max_length=2000, description="A name (see /v1/palettes), or colours such as #a33,#fc9.")]


class Moment(Strict):
    """``time`` in seconds or ``frame`` from 0; it stands for its shot."""

    time: Annotated[float, Field(ge=-1e7, le=1e7)] | None = None
    frame: Annotated[int, Field(ge=0, le=2**31)] | None = None

    @model_validator(mode="after")
    def _one(self) -> Any:
        if (self.time is None) == (self.frame is None):
            raise ValueError("give a time or a frame")
        return self


class FilmHint(Moment):
    """A colour at a moment: at a pixel of the upright film, or in an area of its size. It holds through the shot and follows
    what it lies on.
    """

    x: Coordinate | None = None
    y: Coordinate | None = None
    mask: Rle | None = None
    color: Color | None = None
    ab: Ab | None = None
    material: Lab | None = None
    radius: Annotated[float, Field(ge=0, le=1e7)] | None = None
    reach: Reach = REACH.default

    @model_validator(mode="after")
    def _coloured(self) -> Any:
        if [self.color, self.ab, self.material].count(None) != 2:
            raise ValueError("give a color, an ab or a material")
        if (self.x is None or self.y is None) if self.mask is None else (self.x is not None or self.y is not None):
            raise ValueError("give x and y, or a mask")
        return self


class FilmReference(Moment):
    """An uploaded colour picture that gives its colours to a shot."""

    path: Annotated[str, Field(pattern=REFERENCE, examples=["r1"])]


class FilmPalette(Moment):
    """The look of a shot."""

    palette: Palette


class FilmEdits(Strict):
    """What is known of the film's colours: the file that ``photochrom video --hints`` takes."""

    model_config = ConfigDict(validate_by_name=True)  # type: ignore[typeddict-unknown-key, unused-ignore]

    version: Literal[1] = Field(default=1, alias="photochrom-film")
    hints: Annotated[list[FilmHint], Field(max_length=10_000)] = Field(default=[])
    references: Annotated[list[FilmReference], Field(max_length=100)] = Field(default=[])
    palettes: Annotated[list[FilmPalette], Field(max_length=10_000)] = Field(default=[])


class FilmChoices(DialFields):  # type: ignore[misc]
    """How the whole film is coloured."""

    quality: Literal["fast", "normal", "best"] = "normal"
    palette: Palette | None = None
    keep_color: bool = Field(default=False, description="Leave shots alone that are in colour already.")
    codec: Literal["h264", "h265", "av1", "ffv1", "prores"] | None = Field(
        default=None, description="Null: what the file can hold."
    )
    crf: Annotated[int, Field(ge=0, le=63)] | None = None


class JobWanted(Strict):
    """Colour the whole film."""

    restart: bool = Field(default=False, description="Delete what other choices have made of it so far.")


class ClipWanted(Strict):
    """A short film of before and after of a shot, around frame ``moment``, or its middle."""

    shot: Annotated[int, Field(ge=0, le=2**31)]
    moment: Annotated[int, Field(ge=0, le=2**31)] | None = None
    format: Literal["mp4", "webm"] = "mp4"


class Progress(BaseModel):
    """How far a task is. ``done`` of ``total`` frames; ``left``: seconds; ``message``: why it failed."""

    state: Literal["new", "queued", "running", "stopped", "failed", "done"]
    step: str | None = Field(default=None, description="reading, thumbnails, frames or joining, while it runs.")
    done: int = 0
    total: int | None = None
    fps: float | None = None
    left: float | None = None
    error: str | None = None
    message: str | None = None


class Clip(Progress):
    """A clip of before and after. ``current``: made with the present choices. Each picture holds before above and after below."""

    shot: int | None = None
    start: float | None = Field(default=None, description="Seconds at which it begins in the film.")
    stop: float | None = None
    format: str | None = None
    current: bool = False


class Result(BaseModel):
    """The film in colour. ``current``: made with the present choices. ``href`` needs no token, and is as secret as one."""

    name: str
    bytes: int
    href: str
    notices: list[str]
    current: bool


class Film(BaseModel):
    """A film and what became of it so far."""

    id: str
    name: str
    bytes: int
    width: int = Field(description="Of the upright film, in its own pixels, as hints have them.")
    height: int
    display: tuple[int, int] = Field(description="Width and height with square pixels, as frames are shown.")
    rate: float | None
    duration: float | None
    notices: list[str]
    frames: int | None = Field(description="Null until the film has been read.")
    shots: int | None
    thumbnails: int = Field(description="Shots, from the first on, of which there is a small picture.")
    reading: Progress
    coloring: Progress
    clip: Clip
    result: Result | None
    stale: bool = Field(description="What is coloured so far was made with other choices.")
    digest: str = Field(description="Of edits and choices.")


class Films(BaseModel):
    """The films of this server. ``available``: it takes films; else ``why`` not. ``folder``: where they lie.

    The folder is named on this computer only.
    """

    available: bool
    why: str | None = None
    folder: str | None = None
    max_bytes: int
    films: list[Film]


class ShotShown(BaseModel):
    """Frames ``start`` to ``stop`` (not included), from ``begins`` to ``ends`` in seconds. ``key``: the frame in the middle."""

    start: int
    stop: int
    key: int
    begins: float
    ends: float
    kind: Literal["film", "title", "color", "blank"]
