"""Kinds of files, by name: which are read, which are recognised but passed over, and the suffix of a result."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from photochrom import images
from photochrom.images import OUTPUT_SUFFIXES
from photochrom.images.container import PictureFile
from photochrom.images.parts import is_part

__all__ = [
    "FORMATS",
    "PASSED_FOLDERS",
    "SCRATCH",
    "by_content",
    "ending",
    "format_of",
    "kind_in_store",
    "kind_of_name",
    "picture_kinds",
    "result_name",
    "stem",
    "written_name",
]

#: The formats that are written, and the ending of each.
FORMATS = {"jpeg": ".jpg", "png": ".png", "webp": ".webp", "tiff": ".tif", "gif": ".gif"}
#: Of pictures in formats that are read but not written: a format that keeps their depth, or their kind of compression.
_INSTEAD = {"heif": ".jpg", "heic": ".jpg", "avif": ".jpg", "jp2k": ".tif", "jpeg2000": ".tif", "jp2": ".tif"}
#: Where `photochrom batch` writes outputs before they get their names.
SCRATCH = ".photochrom-batch"
#: Folders of thumbnails and deleted files, which systems and network storage keep beside pictures.
PASSED_FOLDERS = frozenset(
    {
        "@eaDir",
        ".thumbnails",
        ".@__thumb",
        "__MACOSX",
        ".AppleDouble",
        ".Trashes",
        "#recycle",
        "@Recycle",
        "$RECYCLE.BIN",
        SCRATCH,
    }
)
_SYSTEM_FILES = frozenset({"thumbs.db", "ehthumbs.db", ".ds_store", "desktop.ini", ".picasa.ini"})
#: Further endings of readable formats, which nothing is written with.
_ALIASES = frozenset({".jfif", ".jfi", ".jif", ".pjpeg", ".pjpg", ".pjp"})
_KINDS = {
    "HEIC": ".heic .heif .hif",
    "AVIF": ".avif",
    "JPEG XL": ".jxl",
    "JPEG 2000": ".jp2 .j2k .jpx .jpf .jpm .j2c .jpc",
    "raw": ".dng .cr2 .cr3 .crw .nef .nrw .arw .srf .sr2 .orf .rw2 .raf .pef .srw .3fr .iiq .rwl .x3f .erf .mrw .kdc .dcr",
    "PSD": ".psd .psb",
    "BMP": ".bmp .dib",
    "PDF": ".pdf",
    "SVG": ".svg .svgz",
    "OpenEXR": ".exr",
    "DjVu": ".djvu .djv",
    "PNM": ".pbm .pgm .ppm .pnm",
    "XCF": ".xcf",
    "video": ".mp4 .mov .avi .mkv .m4v .mpg .mpeg .mts .3gp .wmv .webm",
}
#: Whose files are opened, in case they are of another kind than their ending says: a raw file is a TIFF file by its content.
_DOUBTED = frozenset({"HEIC", "AVIF", "JPEG XL", "JPEG 2000", "PSD", "BMP", "PNM"})
_BY_SUFFIX = {suffix: kind for kind, suffixes in _KINDS.items() for suffix in suffixes.split()}
_BY_KIND = {"HEIC": ".jpg", "AVIF": ".jpg", "JPEG 2000": ".tif"}
#: What is read, by ending.
_READ: frozenset[str] = frozenset(getattr(images, "INPUT_SUFFIXES", OUTPUT_SUFFIXES)) | frozenset(OUTPUT_SUFFIXES)
_WRITTEN = tuple(OUTPUT_SUFFIXES)
_APPLE_DOUBLE = (b"\0\5\x16\7", b"\0\5\x16\0")


def kind_of_name(path: Path, name: str) -> str | None:
    """Why a file that was found in a folder is passed over; None for a picture that is read.

    The ending decides. The file is opened where its name is not enough: no ending, ``.jfif`` and the like, that of a kind that is
    not read, such as ``.bmp``, and ``._name``, which is mostly what macOS keeps beside a file (AppleDouble).
    """
    suffix = path.suffix.lower()
    if name[:1] == "." and (is_part(name) or (name[:2] == "._" and _is_apple_double(path))):
        return "system file"
    if suffix in _READ:
        return None
    if name.lower() in _SYSTEM_FILES:
        return "system file"
    if (not suffix or suffix in _ALIASES) and format_of(path) is not None:
        return None
    kind = _BY_SUFFIX.get(suffix, "other file")
    return None if kind in _DOUBTED and format_of(path) in FORMATS else kind


def format_of(path: Path) -> str | None:
    """The format by the file's first bytes; None where it cannot be read, or is none that is known."""
    try:
        return PictureFile(path).format
    except Exception:  # a damaged file must not end the planning; where it is to be coloured, the reason is named
        return None


def ending(path: Path, wanted: str | None = None) -> str:
    """The ending of a result: of the format ``wanted``, the source's own where that can be written, else by its content."""
    if wanted is not None:
        return FORMATS[wanted]
    if path.suffix.lower() in OUTPUT_SUFFIXES:
        return path.suffix
    kind = format_of(path)
    # Of a file that cannot be read the ending stays: opening it names the reason.
    return path.suffix if kind is None else FORMATS.get(kind) or _INSTEAD.get(kind, ".png")


def written_name(name: str) -> str:
    """The name of a result by the name of its source alone: as :func:`ending` has it, where the content is not at hand."""
    path = PurePosixPath(name)
    suffix = path.suffix.lower()
    if suffix in OUTPUT_SUFFIXES or not (suffix in _BY_SUFFIX or suffix in _ALIASES):
        return name
    return str(path.with_suffix(".jpg" if suffix in _ALIASES else _BY_KIND.get(_BY_SUFFIX[suffix], ".png")))


def result_name(name: str, path: Path) -> str:
    """As :func:`written_name`, of a file of this machine: by its content where the name has no ending that says it."""
    found = written_name(name)
    if found.lower().endswith(_WRITTEN):
        return found
    suffix = ending(path)
    return name if suffix == path.suffix else name + suffix


def kind_in_store(name: str) -> str | None:
    """As :func:`kind_of_name`, of a file in a store, by its path alone."""
    *folders, last = name.split("/")
    system = last[:2] == "._" or last.lower() in _SYSTEM_FILES or not PASSED_FOLDERS.isdisjoint(folders)
    suffix = PurePosixPath(last).suffix.lower()
    return "system file" if system else None if suffix in _READ else _BY_SUFFIX.get(suffix, "other file")


def by_content(path: Path) -> str | None:
    """The ending that a result should have where the source's content is of another format than its ending, else None."""
    named = OUTPUT_SUFFIXES.get(path.suffix.lower())
    kind = None if named is None else format_of(path)
    return None if kind is None or kind == named else FORMATS.get(kind) or _INSTEAD.get(kind, ".png")


def stem(path: Path) -> str:
    """The name without its ending, if that is one of pictures: ``roll.0012`` is all stem."""
    suffix = path.suffix.lower()
    return path.stem if suffix in _READ or suffix in _ALIASES or suffix in _BY_SUFFIX else path.name


def picture_kinds() -> frozenset[str]:
    """The kinds of pictures that :func:`kind_of_name` names."""
    return frozenset(_KINDS) - {"video", "PDF"}


def _is_apple_double(path: Path) -> bool:
    try:
        if not path.is_file():
            return False
        with path.open("rb") as file:
            head = file.read(4)
    except OSError:
        return True
    return not head or head in _APPLE_DOUBLE
