"""The OpenAPI document: FastAPI's own, and the models that only forms and problems use."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema

from photochrom.web.options import Colorize, Open
from photochrom.web.problems import ProblemBody

__all__ = ["describe"]


def describe(app: FastAPI) -> dict[str, Any]:
    """Colour for black-and-white photographs: the same engine and the same results as the command line.

    Coordinates are pixels of the upright picture; 0, 0 is the pixel at the top left. Errors are application/problem+json.
    """
    if app.openapi_schema is None:
        document = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
        _, more = models_json_schema(
            [(kind, "validation") for kind in (Colorize, Open, ProblemBody)],
            ref_template="#/components/schemas/{model}",
        )
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        for name, schema in more["$defs"].items():
            schemas.setdefault(name, schema)
        for unused in ("HTTPValidationError", "ValidationError"):
            schemas.pop(unused, None)
        document["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
        document["security"] = [{}, {"token": []}]
        app.openapi_schema = document
    return app.openapi_schema
