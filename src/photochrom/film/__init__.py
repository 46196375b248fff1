"""Films: black and white in, colour out, luma to the bit, one shot at a time.

The room drives the colorizer; it must not import ``train``, ``evaluate``, ``batch``, ``web`` or ``cli``.

::

    film = photochrom.film.open("film.mp4")
    film.shots                       # where each shot begins and ends
    film.save("film_color.mp4")      # can be interrupted, and called again

The parts: ``source`` reads, ``shots`` cuts, ``coloring`` asks the model, ``steady`` carries colours along the flow, ``paint`` and
``chroma`` make the chroma planes, ``film_job`` keeps what is done, ``join`` writes the file. Needs the extra ``[video]`` (PyAV).
"""

from photochrom.film.film import Film, make_choices
from photochrom.film.film import open_film as open  # the name that users call
from photochrom.film.shot_colors import Choices
from photochrom.film.shots import Shot
from photochrom.film.steer import FilmArea, FilmHint, FilmPalette, FilmReference, Steering, load_steering

__all__ = [
    "Choices",
    "Film",
    "FilmArea",
    "FilmHint",
    "FilmPalette",
    "FilmReference",
    "Shot",
    "Steering",
    "load_steering",
    "make_choices",
    "open",
]
