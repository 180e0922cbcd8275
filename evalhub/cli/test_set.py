"""`evalhub test-set`: the versions of a project's test sets, to retire one, and held texts."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

import typer

from evalhub.frames.command.options import Of
from evalhub.frames.command.transports import Operation, get_rows, operation, post
from evalhub.frames.command.verbs import Printed, file_command, user_by_option
from evalhub.io.held_texts import LEAST_BYTES, MOST_BYTES, USUAL_BYTES

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from evalhub.registry.models import TestSetVersion

app = typer.Typer(no_args_is_help=True, help="Test sets: versions, and held texts.")
Name = Annotated[str, typer.Argument(help="The test set's name.", metavar="NAME")]
SHOWN = 50


@operation
def versions(name: Name, project: Of) -> Operation:
    """Show the newest 50 versions of a test set, and which are retired."""

    def here() -> list[dict[str, Any]]:
        return [_row(each) for each in _versions(project, name)[:SHOWN]]

    def printed(rows: list[dict[str, Any]]) -> Printed:
        return Printed(rows, lines=[_line(row) for row in rows])

    return Operation(project, here, get_rows(f"{_path(name)}?page_size={SHOWN}"), printed)


@operation
def retire(
    name: Name,
    project: Of,
    version: Annotated[int, typer.Option(help="The version's number.", min=1)],
    reason: Annotated[str, typer.Option(help="Why, in words.")],
    by: Annotated[
        str | None,
        typer.Option(
            help="Owner who acts; by default the operator. At a site: the token's user.",
            metavar="USER",
        ),
    ] = None,
) -> Operation:
    """Retire a version for good: nothing is judged on it any more, and pairs of reviews of its
    answers may be trained on."""

    def here() -> dict[str, Any]:
        from evalhub.ledger.retirement import retire_test_set

        rows = _versions(project, name)
        row = rows.filter(number=version).first()
        if row is None:
            raise typer.BadParameter(f"{name} has no version {version}", param_hint="--version")
        retire_test_set(version=row, by=None if by is None else user_by_option(by), reason=reason)
        return _row(rows.get(pk=row.pk))

    there = post(f"{_path(name)}/{version}/retire", {"reason": reason})
    return Operation(project, here, there, lambda row: Printed(row, lines=[_line(row)]))


@file_command
def texts(
    files: Annotated[
        list[Path],
        typer.Argument(
            help="Documents of general text: .txt and .md are one each; of JSONL, CSV and Parquet "
            "each row is one.",
            metavar="FILE...",
        ),
    ],
    out: Annotated[Path, typer.Option(help="The test set to write: JSONL.")],
    size: Annotated[
        int,
        typer.Option(
            "--bytes", help="Of an item at most, in UTF-8.", min=LEAST_BYTES, max=MOST_BYTES
        ),
    ] = USUAL_BYTES,
    pieces: Annotated[
        int | None,
        typer.Option("--items", help="Of each document at most, from its beginning.", min=1),
    ] = None,
    text: Annotated[str, typer.Option(help="Field with a row's text.")] = "text",
    id_: Annotated[
        str, typer.Option("--id", help="Field with a document's name; else its line.")
    ] = "id",
) -> Printed:
    """Make a test set of held texts, which a model reads and doesn't answer, for log_loss.

    Documents are cut into items at blank lines, else at ends of lines, sentences or words. Items
    of one document are one cluster.
    """
    from evalhub.frames.command.figures import count_text
    from evalhub.frames.command.outputs import check_output, whole
    from evalhub.io.held_texts import held_items, read_documents

    check_output(out, option="--out", inputs=files)
    documents, sizes = 0, list[int]()
    with (
        whole(out, option="--out") as path,
        path.open("w", encoding="utf-8", newline="\n") as stream,
    ):
        for document in read_documents(files, text=text, name=id_):
            documents += 1
            for item in held_items(document, size, pieces):
                sizes.append(len(item["text"].encode()))
                stream.write(json.dumps(item, ensure_ascii=False) + "\n")
    row = {"documents": documents, "items": len(sizes), "bytes": sum(sizes)}
    counts = [count_text(row[name], name.removesuffix("s")) for name in ("items", "documents")]
    line = f"{out}: {counts[0]} of {counts[1]}, {sum(sizes):,} bytes"
    return Printed(row, lines=[line])


app.command()(versions)
app.command()(retire)
app.command()(texts)


def _versions(project: str, name: str) -> "QuerySet[TestSetVersion]":
    from evalhub.accounts.people import project_by_slug
    from evalhub.registry.models import TestSetVersion

    of = project_by_slug(project)
    rows: QuerySet[TestSetVersion] = TestSetVersion.objects.filter(
        test_set__project=of, test_set__slug=name
    ).select_related("test_set__project", "retirement", "pool__retirement")
    if not rows.exists():
        names = ", ".join(of.test_sets.written().values_list("slug", flat=True)) or "none yet"
        message = f"{of} has no test set {name!r} (test sets: {names})"
        raise typer.BadParameter(message, param_hint="NAME")
    return rows.order_by("-number")


def _path(name: str) -> str:
    return f"/test-sets/{quote(name, safe='')}/versions"


def _row(version: "TestSetVersion") -> dict[str, Any]:
    from evalhub.frames.rest.registry_shapes import TestSetVersionOut

    return TestSetVersionOut.from_model(version).as_json()


def _line(row: dict[str, Any]) -> str:
    retired = row["retired"]
    since = f", retired on {retired['created'][:10]}: {retired['reason']}" if retired else ""
    return f"{row['test_set']} v{row['number']}  {row['items']:,} items{since}"
