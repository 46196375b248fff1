"""The repair of rows that answer with a mean: the same network, its colours as far apart as a photograph's.

Squared error is least for the mean of all colours that are likely, and the annealed mean of scores is one, too. Means differ
less from one another than colours do. One factor, fitted on pictures that were held back from training, makes up for it: the
standard deviation of the truth over that of the answers. In statistics this is variance matching.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from photochrom.catalog import Stretch, find_model
from photochrom.color import rgb_to_lab
from photochrom.decode import DEFAULT_VIVIDNESS, decode_ab, decode_bins, dial
from photochrom.errors import WeightsNotFoundError
from photochrom.resize import resized
from photochrom.session import Session
from photochrom.weights import locate

__all__ = ["MOST", "fitted_stretch", "graph_of"]

#: The largest factor: beyond it, what shows is the network's noise.
MOST = 5.0


def fitted_stretch(session: Session, pictures: Iterable[NDArray[np.uint8]]) -> Stretch:
    """The stretch for a model, from pictures (h, w, 3) sRGB that it was not trained on; the factor is 1 to 5."""
    answers, truths = [], []
    for rgb in pictures:
        lab = rgb_to_lab(rgb / 255.0)
        out = session.decode(session.encode(np.ascontiguousarray(lab[..., 0])))
        found = _colors(session, out)
        answers.append(found.reshape(-1, 2))
        truths.append(resized(lab[..., 1:], (found.shape[0], found.shape[1])).reshape(-1, 2))
    answer, truth = np.concatenate(answers), np.concatenate(truths)
    setting = dial(DEFAULT_VIVIDNESS)
    centre = answer.mean(axis=0) / (setting.plain_gain if session.output == "ab" else setting.gain)  # comes after it
    spread = [float(np.sqrt(one.var(axis=0).sum())) for one in (truth, answer)]
    factor = min(MOST, max(1.0, spread[0] / max(spread[1], 1e-3)))
    return Stretch((round(float(centre[0]), 3), round(float(centre[1]), 3)), round(factor, 3))


def _colors(session: Session, out: NDArray[np.float32]) -> NDArray[np.float32]:
    """What a photograph would get at the middle of the vividness dial, (h, w, 2)."""
    if session.output == "ab":
        return decode_ab(out)
    return decode_bins(out, session.bins, log_prior=session.log_prior, middle=session.temperature)


def graph_of(name: str, folder: Path) -> Path:
    """The trained graph of a row: of its run in ``folder``, or the one that ships. Raises ModelError."""
    own = folder / f"{name}.onnx"
    if own.exists():
        return own
    spec = find_model(name)
    if not spec.files:
        raise WeightsNotFoundError(
            f"{own.name} is missing and does not ship; delete this folder, and the row is trained", folder
        )
    return locate(spec.files[0], spec.folder, spec.remedy)
