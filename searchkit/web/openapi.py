"""The description of the API (OpenAPI 3.1), from the table of parameters and the records of searchkit."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import msgspec

from searchkit import __version__
from searchkit.model import Document, ExtractedMeasure, Paragraph, Table
from searchkit.web.data import CHARTS, MEDIA_TYPES
from searchkit.web.parameters import ALL, MAX_FILTER_VALUES, USED_BY, Parameter, data_parameters

SUMMARIES = {
    "search": "Paragraphs that answer a query, best first, with facets",
    "document": "All paragraphs of a report, with measures and tables",
    "paragraph": "A paragraph with those around it, a table or a measure",
    "measures": "Measures that answer a query",
    "compare": "A measure by two facets, each value with its sentence",
    "coverage": "Numbers of reports by two facets",
    "audit": "What contradicts or repeats itself",
    "watches": "What is new in the watches of the user (not on a server with --allow-host)",
    "facets": "All values of a facet, or of all, under a query",
    "documents": "The reports",
    "suggest": "Facet values, words and headings that begin with a text",
    "analyze": "Tokens of a text, and how it is understood as a query",
    "info": "State of the index",
    "about": "State of the index, as info",
}
"""Summary of each endpoint."""
_LISTS = {"document": "Paragraph", "paragraph": "Paragraph", "documents": "Document"}
"""Endpoints whose JSON is a list of records that have a schema, with the name of the schema."""
_FIELDS: dict[str, dict[str, dict[str, Any]]] = {
    "search": {
        "query": {"type": "string"},
        "understood": {"type": "string"},
        "total": {"type": "integer"},
        "total_any": {"type": ["integer", "null"]},
        "next": {"type": ["string", "null"]},
        "relaxed": {"type": "boolean"},
        "understood_filters": {"type": "array", "items": {"type": "object"}},
        "notes": {"type": "array", "items": {"type": "string"}},
        "suggestions": {"type": "array", "items": {"type": "object"}},
        "took_ms": {"type": "number"},
        "documents": {"type": "integer"},
        "hits": {"type": "array", "items": {"$ref": "#/components/schemas/Hit"}},
        "facets": {"type": "object", "additionalProperties": {"$ref": "#/components/schemas/FacetCounts"}},
    },
    "measures": {
        "query": {"type": "string"},
        "total": {"type": "integer"},
        "relaxed": {"type": "boolean"},
        "hits": {"type": "array", "items": {"$ref": "#/components/schemas/Measure"}},
        "groups": {"type": "array", "items": {"type": "object"}},
    },
    "compare": {
        "query": {"type": "string"},
        "indicator": {"type": ["string", "null"]},
        "unit": {"type": ["string", "null"]},
        "rows": {"type": "object"},
        "cols": {"type": "object"},
        "cells": {"type": "array", "items": {"type": "object"}},
    },
    "coverage": {
        "rows": {"type": "object"},
        "cols": {"type": "object"},
        "documents": {"type": "integer"},
        "unplaced": {"type": "integer"},
        "cells": {"type": "array", "items": {"type": "object"}},
    },
    "suggest": {"prefix": {"type": "string"}, "suggestions": {"type": "array", "items": {"type": "object"}}},
    "analyze": {"tokens": {"type": "array", "items": {"type": "object"}}, "understood": {"type": "object"}},
    "info": {
        "documents": {"type": "integer"},
        "paragraphs": {"type": "integer"},
        "measures": {"type": "integer"},
        "built": {"type": "string"},
        "facets": {"type": "array", "items": {"type": "string"}},
        "problems": {"type": "array", "items": {"type": "object"}},
    },
}
"""For each endpoint whose JSON is an object with fixed fields: the main fields, each with its JSON Schema."""
_FIELDS["about"] = _FIELDS["info"]


@lru_cache(maxsize=64)
def describe_api(root: str, title: str) -> dict[str, Any]:
    """Return the description of the API of an index. `root`: the path that its URLs begin with."""
    paths: dict[str, Any] = {}
    for endpoint in USED_BY:
        parameters = [_describe_parameter(item) for item in data_parameters(endpoint)]
        for suffix, media_type in MEDIA_TYPES.items():
            if suffix in CHARTS and endpoint != "compare":
                continue
            content = media_type.partition(";")[0]
            paths[f"/{endpoint}.{suffix}"] = {
                "get": {
                    "operationId": f"{endpoint}_{suffix}",
                    "summary": SUMMARIES[endpoint],
                    "parameters": parameters,
                    "responses": {
                        "200": {
                            "description": "The data",
                            "headers": {"ETag": {"schema": {"type": "string"}}, "Link": {"schema": {"type": "string"}}},
                            "content": {content: {"schema": _schema_of(endpoint) if suffix == "json" else {}}},
                        },
                        "304": {"description": "Unchanged since the ETag"},
                        **{
                            status: {"$ref": "#/components/responses/Problem"}
                            for status in ("400", "404", "405", "414", "421", "500", "503")
                        },
                    },
                }
            }
    for endpoint in ("healthz", "readyz"):
        operation = {
            "operationId": endpoint,
            "summary": "State of the server",
            "responses": {"200": {"description": "It runs"}},
        }
        paths[f"/{endpoint}"] = {"get": operation}
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": __version__, "description": "Full-text search with facets and measures."},
        "servers": [{"url": root.rstrip("/") or "/"}],
        "paths": paths,
        "components": {"schemas": _schemas(), "responses": {"Problem": _problem()}},
    }


def _describe_parameter(item: Parameter) -> dict[str, Any]:
    """Return the description of a parameter.

    An empty value, which forms send, is allowed: the parameter then counts as absent.
    """
    schema: dict[str, Any] = {"type": "string", "maxLength": 1000}
    number = {"type": "integer", "minimum": 0, "maximum": item.maximum}
    if item.choices:
        schema = {"type": "string", "enum": [*item.choices, ""]}
    elif item.kind == "flag":
        schema = {"type": "string", "enum": ["true", ""]}
    elif item.kind == "number":
        schema = {"anyOf": [number, {"type": "string", "enum": [""]}]}
    elif item.kind == "limit":
        schema = {"anyOf": [number, {"type": "string", "enum": [ALL, ""]}]}
    if item.default is not None:
        schema["default"] = int(item.default) if item.default.isdecimal() else item.default
    if item.is_list:
        schema = {"type": "array", "items": schema, "maxItems": MAX_FILTER_VALUES}
    described = {"name": item.name, "in": "query", "description": item.help, "schema": schema}
    return {**described, "style": "form", "explode": True} if item.is_list else described


def _schema_of(endpoint: str) -> dict[str, Any]:
    """Return the schema of the JSON of an endpoint."""
    if endpoint in _LISTS:
        return {"type": "array", "items": {"$ref": f"#/components/schemas/{_LISTS[endpoint]}"}}
    if endpoint in {"audit", "watches"}:
        return {"type": "array", "items": {"type": "object"}}
    if endpoint == "facets":
        return {"type": "object", "additionalProperties": {"$ref": "#/components/schemas/FacetCounts"}}
    return {"type": "object", "properties": _FIELDS[endpoint]}


def _schemas() -> dict[str, Any]:
    """Return the schemas of the records: the dataclasses of searchkit, as JSON has them.

    JSON adds some fields, and leaves out others.
    """
    _, found = msgspec.json.schema_components(
        (Document, Paragraph, Table, ExtractedMeasure), ref_template="#/components/schemas/{name}"
    )
    schemas: dict[str, Any] = {}
    for name, schema in found.items():
        schemas[name] = {key: value for key, value in schema.items() if key != "required"}
    district = {"type": ["string", "null"], "description": "Last element of region"}
    for name in ("Document", "Paragraph"):
        schemas[name]["properties"]["district"] = district
    measure = {
        name: value
        for name, value in schemas.pop("ExtractedMeasure")["properties"].items()
        if name not in {"cell", "part_of"}
    }
    text, texts = {"type": "string"}, {"type": "array", "items": {"type": "string"}}
    schemas["Measure"] = {
        "type": "object",
        "properties": {
            "id": text,
            "document": text,
            "paragraph": text,
            **measure,
            "quote": text,
            "row": texts,
            "column": texts,
        },
    }
    schemas["Hit"] = {
        "type": "object",
        "properties": {
            "id": text,
            "score": {"type": "number"},
            "snippet": text,
            "spans": {"type": "array", "items": {"type": "array", "items": {"type": "integer"}}},
            "lacks": texts,
            **{name: value for name, value in schemas["Paragraph"]["properties"].items() if name != "id"},
            "measures": {"type": "array", "items": {"type": "object"}},
        },
    }
    value = {"value": {"type": ["string", "integer"]}, "count": {"type": "integer"}, "documents": {"type": "integer"}}
    value |= {"all_documents": {"type": "integer"}, "share": {"type": "number"}, "selected": {"type": "boolean"}}
    schemas["FacetCounts"] = {
        "type": "object",
        "properties": {
            "values": {"type": "array", "items": {"type": "object", "properties": value}},
            "missing": {"type": "integer"},
            "other": {"type": "integer"},
        },
    }
    return schemas


def _problem() -> dict[str, Any]:
    """Return the response to an error (RFC 9457)."""
    fields = {"type": "string", "title": "string", "status": "integer", "detail": "string", "code": "string"}
    schema = {"type": "object", "properties": {name: {"type": kind} for name, kind in fields.items()}}
    content = {"application/problem+json": {"schema": schema}, "text/plain": {"schema": {"type": "string"}}}
    return {"description": "An error. text/plain if a request is no HTTP, or longer than 32 KB", "content": content}
