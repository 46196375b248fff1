"""Contact sheets: the pictures that deserve a look, before and after, as small copies."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from photochrom.archive import stores
from photochrom.archive.manifest import Manifest
from photochrom.archive.states import State
from photochrom.archive.tables import PICTURES
from photochrom.errors import PhotochromError
from photochrom.parallel import ordered

__all__ = ["Sheet", "sheets"]

#: Pictures on a sheet, and the short side of their copies in pixels.
PICTURES_SHOWN, SIDE = 18, 240
#: A result whose mean chroma is below this stayed nearly grey.
GREY = 4.0
#: Faces are looked for in so many pictures with less than SKIN of their area in skin's colours.
LOOKED_AT, SKIN = 300, 0.05
#: A face whose middle has less of skin's colours than this lacks them.
FACE_SKIN = 0.15
_C = PICTURES.c
_JPEG = [cv2.IMWRITE_JPEG_QUALITY, 82]


@dataclass
class Sheet:
    """A title, the rule by which its pictures were picked, and the pictures as JSON values for the page's script."""

    title: str
    rule: str
    pictures: list[dict[str, Any]] = field(default_factory=list)


def sheets(manifest: Manifest, place: str) -> list[Sheet]:
    """The four sheets; ``place`` is where the results are, with a slash at its end. Pictures that cannot be read are left out."""
    origins = manifest.origins()
    done = _C.state == State.DONE

    def filled(sheet: Sheet, rows: list[Any]) -> Sheet:
        made = ordered(lambda row: _picture(row, origins, place), rows)
        sheet.pictures = [one for one in made if one is not None]
        return sheet

    unsure = manifest.ranked(_C.confidence, done, limit=PICTURES_SHOWN)
    grey = manifest.ranked(_C.chroma, done, _C.chroma < GREY, limit=PICTURES_SHOWN)
    strong = manifest.ranked(_C.strongest.desc(), done, limit=PICTURES_SHOWN)
    faces, looked, note = _faces(manifest, place)
    about = f"of {looked} results with under {SKIN:.0%} of skin's colours, those in which a face is found whose middle lacks them"
    return [
        filled(Sheet("The least sure", "lowest mean confidence first"), unsure),
        filled(Sheet("Nearly grey", f"mean chroma under {GREY:g}, lowest first"), grey),
        filled(Sheet("Faces without skin colour", note or about), faces),
        filled(Sheet("The strongest colours", "highest 99th percentile of chroma first"), strong),
    ]


def _faces(manifest: Manifest, place: str) -> tuple[list[Any], int, str | None]:
    if _detector() is None:
        return [], 0, "not looked for: that needs the extra [batch] (scikit-image)"
    few = _C.state == State.DONE, _C.skin < SKIN
    rows = manifest.ranked(_C.skin.desc(), *few, limit=LOOKED_AT)
    lacking = [
        row for row, lacks in zip(rows, ordered(lambda row: _lacks_skin(place + row.name), rows), strict=True) if lacks
    ]
    return lacking[:PICTURES_SHOWN], len(rows), None


def _lacks_skin(address: str) -> bool:
    """Whether a face is found in a picture, and its middle half has not skin's colours."""
    from photochrom.color import rgb_to_lab
    from photochrom.evaluate.skin import is_skin

    rgb = _copy(address)
    if rgb is None or min(rgb.shape[:2]) < 32:
        return False
    grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    short = min(grey.shape)
    detector: Any = _detector()
    found = detector.detect_multi_scale(
        img=grey,
        scale_factor=1.2,
        step_ratio=1,
        min_size=(short // 6, short // 6),
        max_size=(short, short),
        min_neighbor_number=4,
    )
    if not found:
        return False
    skin = is_skin(rgb_to_lab(rgb))
    for face in found:
        y, x, height, width = (face[key] for key in ("r", "c", "height", "width"))
        middle = skin[y + height // 4 : y + 3 * height // 4, x + width // 4 : x + 3 * width // 4]
        if middle.size and middle.mean() < FACE_SKIN:
            return True
    return False


@lru_cache(maxsize=1)
def _detector() -> Any:
    """Frontal faces by local binary patterns, as scikit-image ships them; None where that is not installed."""
    try:
        from skimage.data import lbp_frontal_face_cascade_filename
        from skimage.feature import Cascade
    except ImportError:
        return None
    return Cascade(lbp_frontal_face_cascade_filename())  # type: ignore[no-untyped-call]  # scikit-image has no types


def _picture(row: Any, origins: dict[int, str], place: str) -> dict[str, Any] | None:
    after = _copy(place + row.name)
    before = _copy(stores.at(origins[row.origin], row.path or row.name))
    if after is None or before is None:
        return None
    note = f"confidence {row.confidence:.2f}, mean chroma {row.chroma:.1f}, strongest {row.strongest:.0f}"
    return {
        "name": row.name,
        "origin": row.origin,
        "path": row.path,
        "note": note,
        "before": _uri(before),
        "after": _uri(after),
    }


def _copy(address: str) -> NDArray[np.uint8] | None:
    """A small copy of a picture: (h, w, 3) uint8 sRGB; None for one that cannot be read any more."""
    from photochrom.images import open_image

    try:
        copy = open_image(stores.read(address)).work_copy(SIDE)
    except PhotochromError:
        return None
    return np.asarray(np.rint(copy * 255), np.uint8)


def _uri(rgb: NDArray[np.uint8]) -> str:
    _, encoded = cv2.imencode(".jpg", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), _JPEG)
    return f"data:image/jpeg;base64,{base64.b64encode(encoded.tobytes()).decode()}"
