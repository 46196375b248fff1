"""Kriging: from the colours at a few places to those of the whole picture, by kernels that were learnt.

The difference between the hints and the automatic colours is modelled as a sample of a Gaussian process, whose covariance
describes which places belong together and is learnt (:mod:`photochrom.nets.kernel`). Its posterior mean is the likeliest
correction everywhere else, its posterior variance the uncertainty that remains (Rasmussen and Williams 2006, eq. 2.23 and 2.24).

There are two processes: one for the part of a difference that lies within the automatic colours' own uncertainty, which often
holds for much of the picture, and one for the surprising rest, which holds for the hinted object only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np

from photochrom.parallel import product
from photochrom.resize import resized
from photochrom.session import KernelCells
from photochrom.steering.process import FINE, Level, Points, centres, covariance, sampled, share_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Float: TypeAlias = NDArray[np.float32]
    #: Numbers of hints -> the masks (h', w', m) in [0, 1] of the m objects that they lie on, or None.
    Objects: TypeAlias = Callable[[NDArray[np.intp]], Float | None]

__all__ = ["Kriging", "Posterior", "belonging"]

#: More than this, in ab, is the colour of an object, not the tone of a picture, however much the decoder doubts.
TONE = 14.0
#: Of differences up to this many times that limit, the part within it still counts as tone; of larger ones ever less.
FAR = 2.0
#: Automatic colours are more vivid than expected ones; where hints settle the tone, they also decide this share of the excess.
EXPECTED = np.float32(0.5)
#: From so many hints on, which lie close together, the photograph is looked at twice as large.
MANY = 5
#: From so many on, no objects are asked for: they say by themselves where colours end.
NO_OBJECTS = 30
#: A hint surprises where more than this share of it is beyond the tone.
SURPRISING = 0.25
#: Membership in a hinted object: below the first share a place does not belong to it, from the second on it does.
OBJECT = (0.25, 0.45)
#: For that, L* counts for less than was learnt, by this factor: an object has folds and a side in the shade.
SHADE = 0.7
#: For the tone, likewise: on pictures of other sources than the training's it holds for more (docs/notes/hints.md). Factors of
#: how fast things get unlike with L* and with their distance, and of the variance of a hint.
TONE_HOLDS = {"shade": 0.85, "places": 0.8, "noise": 0.35}


class Posterior(NamedTuple):
    """The likeliest correction of ab: ``tone`` everywhere, ``surprise`` where a place belongs to the object of a surprising hint.

    tone, surprise: (h / 4, w / 4, 2) float32. share: (h / 4, w / 4), in [0, 1], how far the hints, surprising or not, hold there;
    :func:`belonging` turns it into a decision. settled: (h / 8, w / 8), the share of the uncertainty that the hints remove. meant
    and follows: (h / 4, w / 4), the L* for which the surprise is right, and in [0, 1] how far it is right at no other; None where
    all of it holds at every lightness. kept: (h / 4, w / 4), the share of what stays as it is, or None.
    """

    tone: Float
    surprise: Float
    share: Float
    settled: Float
    meant: Float | None = None
    follows: Float | None = None
    kept: Float | None = None


class _Object(NamedTuple):
    """What :class:`Posterior` has for the objects of hints: surprise (cells, 2), share (cells, 1), and the others (cells,)."""

    surprise: Float
    share: Float
    meant: Float | None = None
    follows: Float | None = None
    kept: Float | None = None


class Kriging:
    """The processes over one picture. ``lightness``: (h, w) float32, L* in [0, 100], at work size, in whole cells.

    kinds: (h', w', n), the shares of each cell that show one of n kinds of things which a colour does not leave; None: not known.
    """

    def __init__(self, cells: KernelCells, lightness: Float, kinds: Float | None = None) -> None:
        self._cells = cells
        h, w = self._size = (lightness.shape[0], lightness.shape[1])
        self._light, self._kinds = resized(lightness, (h // FINE, w // FINE)), kinds
        self._levels = self._both(cells)
        self._close: tuple[Level, Level] | None = None
        self._anywhere = self._level(cells, 1, places=0.0)

    def _level(self, cells: KernelCells, level: int, **how: Any) -> Level:
        """A process; the second, of objects, knows what a colour does not leave."""
        usual: tuple[dict[str, Any], ...] = (TONE_HOLDS, {"shade": SHADE, "kinds": self._kinds})
        return Level(cells, level, self._light, self._size, **usual[level] | how)

    def _both(self, cells: KernelCells) -> tuple[Level, Level]:
        return self._level(cells, 0), self._level(cells, 1)

    def posterior(
        self,
        places: NDArray[Any],
        difference: NDArray[Any],
        automatic: Float,
        excess: Float | None = None,
        strength: NDArray[Any] | None = None,
        light: NDArray[Any] | None = None,
        alike: NDArray[np.bool_] | None = None,
        keeps: NDArray[np.bool_] | None = None,
        objects: Objects | None = None,
        closer: Callable[[KernelCells], KernelCells] | None = None,
    ) -> Posterior:
        """What follows from the ``difference`` (n, 2), true less automatic ab, at ``places`` (n, 2), y and x in work pixels.

        automatic: (h, w, 2), the automatic ab at work size. excess: (gh, gw, 2), in the model's cells, by how much its ab differ
        from the mean of all that it thinks likely. strength: (n,), in [0, 1], how much of the difference is wanted (None: all).
        light: (n,), the L* for which the difference is right, NaN where it is so at every one (None: everywhere). alike: (n,),
        where it holds for everything like its object, wherever it lies (None: nowhere). keeps: (n,), which stay as they are.
        objects: asked for the objects of the hints that surprise and of those that stay, by their numbers (None: none are known).
        closer: asked once for other cells, given these, where there are many hints (None: they are the same).
        """
        at = np.asarray(places, np.float32)
        wanted = np.ones((len(at), 1), np.float32) if strength is None else np.asarray(strength, np.float32)[:, None]
        asked = np.asarray(difference, np.float32) * wanted
        most = self._cells.surprise * sampled(self._cells.deviation[..., None], share_of(at, self._size))
        most = np.minimum(most, np.float32(TONE))
        # In training the part beyond is cut off; what is far beyond is better not believed at all.
        ratio = most / np.maximum(np.hypot(*asked.T), 1e-3)[:, None]
        within = np.minimum(1, ratio) * np.minimum(1, FAR * ratio) ** 2
        if closer is not None and self._close is None and len(at) >= MANY:
            self._close = self._both(closer(self._cells))
        tone_level, object_level = self._levels if self._close is None or len(at) < MANY else self._close
        tone, at_hints, settled = self._tone(tone_level, at, asked * within, within * wanted, excess)
        rest, beyond = asked - at_hints, 1 - within
        before = resized(automatic, (self._size[0] // FINE, self._size[1] // FINE))
        lights = np.full(len(at), np.nan, np.float32) if light is None else light
        everywhere = np.zeros(len(at), bool) if alike is None else alike
        kept = np.zeros(len(at), bool) if keeps is None else keeps
        wanted_objects = np.flatnonzero((kept | (beyond[:, 0] > SURPRISING)) & ~everywhere)
        masks = None
        if objects is not None and len(wanted_objects) and len(at) < NO_OBJECTS:
            masks = objects(wanted_objects)
        near = object_level if masks is None else object_level.with_objects(masks, len(at))
        parts = [
            self._object(level, at[which], rest[which], beyond[which], before, lights[which], kept[which])
            for level, which in ((near, ~everywhere), (self._anywhere, everywhere))
            if which.any()
        ]
        found = parts[0] if len(parts) == 1 else _over(*parts)
        fine = before.shape[0], before.shape[1]
        return Posterior(
            tone.reshape(*fine, 2),
            found.surprise.reshape(*fine, 2),
            found.share.reshape(fine),
            settled.clip(0, 1).reshape(self._cells.deviation.shape).astype(np.float32),
            None if found.meant is None else found.meant.reshape(fine),
            None if found.follows is None else found.follows.reshape(fine),
            None if found.kept is None else found.kept.reshape(fine),
        )

    def _tone(
        self, level: Level, at: Float, usual: Float, share: Float, excess: Float | None
    ) -> tuple[Float, Float, Float]:
        """The first process: its mean in all cells (cells, 2) and at the hints (n, 2), and what is settled (coarse cells,).

        Automatic colours are vivid where the model is uncertain. Where hints settle the tone, by their ``share`` (n, 1), they
        also set how vivid the rest is: the difference is then measured from a point nearer to the mean.
        """
        hints, cells = level.points(at), level.coarse
        # From the automatic colours towards the expected ones.
        drawn = np.zeros((1, 1, 2), np.float32) if excess is None else -EXPECTED * excess
        drawn_there = sampled(drawn, share_of(at, self._size))
        inverse = _inverse(hints)
        weights = _product(inverse, np.column_stack([usual - share * drawn_there, share]))
        tone = product(covariance(level.fine, hints), weights)
        drawn_all = sampled(drawn, share_of(centres(self._size, FINE), self._size))
        across = covariance(cells.left, hints)
        settled = (_product(across, inverse) * across).sum(axis=1) / cells.own
        return (
            tone[:, :2] + tone[:, 2:].clip(0, 1) * drawn_all,
            # For (K + N) weights are the observations.
            usual - hints.noise[:, None] * (weights[:, :2] + weights[:, 2:] * drawn_there),
            settled,
        )

    def _object(
        self,
        level: Level,
        at: Float,
        rest: Float,
        beyond: Float,
        before: Float,
        light: NDArray[Any],
        keeps: NDArray[np.bool_],
    ) -> _Object:
        """The second process, of the ``rest`` (n, 2) that the first leaves. before: automatic ab (h / 4, w / 4, 2).

        An object that gets a surprising colour, by the share that is ``beyond`` (n, 1), gets all of that colour, not the
        difference on top of automatic colours that were wrong in another way at every place of it. light and keeps: (n,), as
        for :meth:`posterior`.
        """
        hints = level.points(at)
        there = sampled(before, share_of(at, self._size))
        columns = [np.ones_like(beyond), beyond, rest + beyond * there]
        if np.isfinite(light).any():
            known = beyond * np.isfinite(light)[:, None]
            columns += [known, known * np.nan_to_num(light)[:, None]]
        if keeps.any():
            columns.append(keeps[:, None])
        parts = np.column_stack(columns).astype(np.float32)
        spread = product(covariance(level.fine, hints), _product(_inverse(hints), parts))
        # The posterior mean of 1 at all hints: how far their colours hold here.
        share = spread[:, :1].clip(0, 1)
        # Hints that contradict each other must not make a colour that none of them asks for.
        colors = (spread / np.maximum(share, np.float32(1e-3))).clip(parts.min(axis=0), parts.max(axis=0))
        surprise = np.asarray(colors[:, 2:4] - colors[:, 1:2] * before.reshape(-1, 2), np.float32)
        kept = colors[:, -1] * share[:, 0] if keeps.any() else None
        if not np.isfinite(light).any():
            return _Object(surprise, share, kept=kept)
        meant = (colors[:, 5] / np.maximum(colors[:, 4], np.float32(1e-3))).clip(0, 100)
        return _Object(surprise, share, meant, colors[:, 4], kept)

    def membership(self, places: NDArray[Any], sides: NDArray[Any]) -> Float:
        """How far what lies in each cell, (h / 4, w / 4), in [-1, 1], belongs to an object, by the second process.

        The posterior mean of ``sides`` (n,), 1 for places (n, 2) on the object and -1 for others, y and x in work pixels.
        """
        hints = self._levels[1].points(np.asarray(places, np.float32))
        weights = _product(_inverse(hints), np.asarray(sides, np.float32)[:, None])
        mean = product(covariance(self._levels[1].fine, hints), weights)
        return np.asarray(mean.clip(-1, 1), np.float32).reshape(self._size[0] // FINE, self._size[1] // FINE)

    def next_places(self, given: NDArray[Any], variance: NDArray[Any], count: int) -> list[tuple[int, int, float]]:
        """Up to ``count`` cells (row, column) where a hint would settle most, best first, each counting on those before it.

        given: (n, 2), the places of hints that are there. variance: (h, w), of the automatic colours of each cell, in ab^2. The
        third number is how much of this variance a hint at the cell removes, on average over the picture: by the variance
        reduction of one more observation, cov(q, x)^2 / (var(x) + noise), relative to the first process's variance before any.
        """
        level = self._levels[0]
        cells = level.coarse
        open_ = covariance(cells.left, cells)
        if len(given):
            hints = level.points(np.asarray(given, np.float32))
            across = covariance(cells.left, hints)
            open_ -= product(_product(across, _inverse(hints)), across.T)
        weight = np.asarray(variance, np.float32).ravel() / cells.own
        found: list[tuple[int, int, float]] = []
        for _ in range(min(count, len(weight))):
            spread = open_.diagonal().clip(0) + cells.noise
            gains = weight @ open_**2 / (spread * len(weight))
            best = int(gains.argmax())
            found.append((*divmod(best, self._cells.deviation.shape[1]), float(gains[best])))
            column = open_[:, best].copy()
            open_ -= np.outer(column, column / spread[best])
        return found


def _over(near: _Object, far: _Object) -> _Object:
    """Hints for one object over those for everything alike: to the object, the former hold."""
    own = belonging(near.share)
    rest = 1 - own
    surprise = own * near.surprise + rest * far.surprise
    share = np.maximum(near.share, far.share)
    if near.meant is None and far.meant is None:
        return _Object(surprise, share, kept=near.kept)
    mixed = []
    for one, weight in ((near, own[:, 0]), (far, rest[:, 0])):
        follows = np.zeros_like(weight) if one.follows is None else one.follows * weight
        mixed.append((follows, follows if one.meant is None else follows * one.meant))
    follows = mixed[0][0] + mixed[1][0]
    meant = (mixed[0][1] + mixed[1][1]) / np.maximum(follows, np.float32(1e-6))
    return _Object(surprise, share, meant, follows, near.kept)


def belonging(share: NDArray[Any]) -> Float:
    """How far places belong to hinted objects, in [0, 1], from the share to which the hints hold there.

    A place belongs to an object or does not: shares of a colour on what is near or alike would look like a halo.
    """
    clear = ((np.asarray(share, np.float32) - OBJECT[0]) / (OBJECT[1] - OBJECT[0])).clip(0, 1)
    return np.asarray(clear**2 * (3 - 2 * clear), np.float32)


def _inverse(hints: Points) -> NDArray[np.float64]:
    """(covariance of the hints + noise)^-1, (n, n), as exact as hints side by side need it."""
    gram = covariance(hints.left, hints).astype(np.float64)
    gram[np.diag_indices(len(gram))] += hints.noise
    return np.asarray(np.linalg.inv(gram), np.float64)


def _product(left: NDArray[Any], right: NDArray[Any]) -> Float:
    """``left`` times ``right``, computed in 64 bits."""
    return np.asarray(product(left.astype(np.float64), right.astype(np.float64)), np.float32)
