"""The OpenAPI document as a page for people: docs/reference/rest-reference.md. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any

HEAD = """# The REST reference

Made from the endpoints by `make openapi`; [REST](rest.md) says how to ask. Addresses are below
`/api/v1`. Beside what stands here every address may answer 400, 401, 403, 404, 406 and 429, with
`application/problem+json`.
"""
METHODS = ("get", "post", "put", "patch", "delete")
USUAL = {"400", "401", "403", "404", "406", "429"}
PAGED = {"cursor", "page_size", "fields"}


def reference(document: Mapping[str, Any]) -> str:
    """The document as Markdown: for each noun its operations, with scope, body and answers."""
    by_noun: dict[str, list[str]] = {}
    for path, at in document["paths"].items():
        for method in METHODS:
            if (operation := at.get(method)) is not None:
                by_noun.setdefault(operation["tags"][0], []).extend(
                    _describe(method, path, operation)
                )
    parts = (f"## {noun}\n\n" + "\n".join(lines) for noun, lines in by_noun.items())
    return HEAD + "\n" + "\n".join(parts)


def _describe(method: str, path: str, operation: Mapping[str, Any]) -> Iterator[str]:
    (security,) = operation["security"]
    yield f"### `{method.upper()} {path.removeprefix('/api/v1')}`"
    yield ""
    sentences = [operation["summary"], operation.get("description", "")]
    yield " ".join(f"{each.rstrip('.')}." for each in dict.fromkeys(sentences) if each)
    yield ""
    yield f"- Scope: {', '.join(security['token'])}"
    parameters = operation.get("parameters", [])
    for where, word in (("query", "Query"), ("header", "Headers")):
        names = [each["name"] for each in parameters if each["in"] == where]
        own = [f"`{name}`" for name in names if name not in PAGED]
        paged = ["and those of every list"] if PAGED & set(names) > {"fields"} else []
        if "fields" in names and not paged:
            own.append("`fields`")
        if own or paged:
            yield f"- {word}: {', '.join([*own, *paged])}"
    if body := operation.get("requestBody"):
        yield f"- Takes: {', '.join(_shapes(body['content']))}"
    for code, answer in operation["responses"].items():
        if code not in USUAL:
            shapes = ", ".join(_shapes(answer.get("content", {})))
            yield f"- {code}: {shapes or 'no body'}, {answer['description']}"
    yield ""


def _shapes(content: Mapping[str, Any]) -> Iterator[str]:
    for kind, media in content.items():
        shape_name = media.get("schema", {}).get("$ref", "").rsplit("/", 1)[-1]
        yield f"`{shape_name}`" if shape_name else f"`{kind}`"
