"""Multipart requests: parsed as they come, pictures to disk, with a limit on everything."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

from fastapi import Request
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, ValidationError
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from photochrom.web.problems import Problem, validation_problem
from photochrom.web.settings import Settings

__all__ = ["Upload", "file_name", "keep", "multipart_body", "received", "shown_name"]

Model = TypeVar("Model", bound=BaseModel)


@dataclass
class Upload:
    """What a form held: its text fields, and its files by field."""

    fields: dict[str, str] = field(default_factory=dict)
    files: dict[str, list[UploadFile]] = field(default_factory=dict)

    def options(self, kind: type[Model]) -> Model:
        """The field ``options``, checked; the defaults where it is absent. Raises Problem."""
        try:
            return kind.model_validate_json(self.fields.get("options", "{}"))
        except ValidationError as error:
            problem = validation_problem(error.errors(include_url=False))
            problem.body.setdefault("field", "options")
            raise problem from None

    def one(self, name: str) -> UploadFile:
        """The only file of a field. Raises Problem."""
        found = self.files.get(name, [])
        if len(found) != 1:
            raise Problem("invalid", f"{name}: {len(found)} files, expected one", field=name)
        return found[0]


@asynccontextmanager
async def received(request: Request, settings: Settings, files: dict[str, int]) -> AsyncIterator[Upload]:
    """The form of a request; ``files``: fields that hold files, and how many each may have. Raises Problem.

    The bytes of the whole request are counted where they arrive (photochrom.web.guard). Files longer than a megabyte lie on disk,
    without a name, and are gone after the block.
    """
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        raise Problem("unsupported", f"expected multipart/form-data with the fields {', '.join(files)}")
    parser = MultiPartParser(
        request.headers,
        request.stream(),
        max_files=sum(files.values()) + 1,  # a browser may send the options as a file
        max_fields=1,
        max_part_size=settings.max_json,
    )
    try:
        form = await asyncio.wait_for(parser.parse(), settings.max_seconds)
    except asyncio.TimeoutError:
        raise Problem(
            "too-slow",
            f"the request did not arrive within {settings.max_seconds:g} seconds",
            limit=settings.max_seconds,
        ) from None
    except (MultiPartException, UnicodeError, LookupError, ValueError) as error:
        raise Problem("bad-request", f"the form cannot be read: {error}") from None
    try:
        yield await _sorted(form.multi_items(), files, settings)
    finally:
        await form.close()


async def _sorted(items: list[tuple[str, Any]], files: dict[str, int], settings: Settings) -> Upload:
    upload = Upload()
    for name, value in items:
        if name == "options" and isinstance(value, UploadFile):
            if (value.size or 0) > settings.max_json:
                raise Problem("too-large", "the options are too long", field="options", limit=settings.max_json)
            value = (await value.read()).decode("utf-8", "replace")
        if isinstance(value, UploadFile):
            if name not in files:
                raise Problem("invalid", f"unknown file {name[:40]!r}, expected {', '.join(files)}", field=name[:40])
            found = upload.files.setdefault(name, [])
            found.append(value)
            if len(found) > files[name]:
                raise Problem("invalid", f"{name}: more than {files[name]} files", field=name, limit=files[name])
        elif name == "options":
            upload.fields[name] = value
        else:
            wanted = f"{name[:40]!r} must be a file" if name in files else f"unknown field {name[:40]!r}"
            raise Problem("invalid", f"{wanted}; expected the files {', '.join(files)} and options", field=name[:40])
    return upload


async def keep(upload: UploadFile, path: Path) -> None:
    """Copy an upload to a file of this server's own naming."""

    def copy() -> None:
        with path.open("xb") as target:
            shutil.copyfileobj(upload.file, target, 1 << 20)

    await run_in_threadpool(copy)


def file_name(upload: UploadFile) -> str:
    """The last part of the name that the client gave, fit to be shown and never used to open anything."""
    return shown_name(upload.filename or "", "picture")


def shown_name(given: str, otherwise: str) -> str:
    """A name that a client gave, fit to be shown: its last part, without what cannot be printed; ``otherwise`` for none."""
    name = PurePosixPath(given.replace("\\", "/")).name
    return "".join(letter for letter in name if letter.isprintable())[:120] or otherwise


def multipart_body(files: dict[str, str], options: type[BaseModel] | None = None) -> dict[str, Any]:
    """OpenAPI for a form: file fields and their descriptions, and the model of ``options``. A name with [] is a list."""
    properties: dict[str, Any] = {}
    required = []
    for name, description in files.items():
        binary: dict[str, Any] = {"type": "string", "format": "binary", "description": description}
        if name.endswith("[]"):
            properties[name[:-2]] = {"type": "array", "items": binary}
        else:
            properties[name] = binary
            required.append(name)
    encoding: dict[str, Any] = {}
    if options is not None:
        properties["options"] = {"$ref": f"#/components/schemas/{options.__name__}"}
        encoding = {"options": {"contentType": "application/json"}}
    schema = {"type": "object", "properties": properties, "required": required, "additionalProperties": False}
    return {
        "requestBody": {"required": True, "content": {"multipart/form-data": {"schema": schema, "encoding": encoding}}}
    }
