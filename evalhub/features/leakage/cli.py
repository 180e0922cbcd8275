"""`evalhub leakage` and `evalhub fingerprint`: is the test set in the training data?"""

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evalhub.frames.command.options import Json

if TYPE_CHECKING:
    from evalhub.features.leakage.document import LeakageDocument

LEAKED = 1
SHOWN = 20


def leakage(
    train: Annotated[
        Path, typer.Argument(help="What was trained on: JSONL, CSV, Parquet, or its fingerprints.")
    ],
    test_set: Annotated[Path, typer.Argument(help="The items to look for in it.")],
    id_field: Annotated[str, typer.Option("--id", help="Field with the item's id.")] = "id",
    input_: Annotated[str, typer.Option("--input", help="Field with the item's input.")] = "input",
    reference: Annotated[
        list[str] | None,
        typer.Option(help="Field with a right answer; by default `reference`. Repeatable."),
    ] = None,
    json_: Json = False,
) -> int:
    """Look for a test set's items in training data. Exit code 1 where one is there."""
    from evalhub.features.leakage.document import leakage_document
    from evalhub.frames.command import printing
    from evalhub.frames.command.progress import FileBar
    from evalhub.io.items import FieldMapping

    with FileBar(printing.terminal(errors=True), train) as bar:
        document = leakage_document(train, test_set, FieldMapping(id_field, input_, reference), bar)
    if json_:
        printing.print_json(document.as_json())
    else:
        _print(document)
    return LEAKED if document.leaked else 0


def fingerprint(
    train: Annotated[Path, typer.Argument(help="What was trained on: JSONL, CSV or Parquet.")],
    out: Annotated[Path, typer.Option(help="The file to write: FILE.jsonl or FILE.jsonl.gz")],
    plain: Annotated[
        bool,
        typer.Option("--plain", help="Without a random salt: the same data are the same file."),
    ] = False,
) -> None:
    """Write one-way hashes of training data, to be checked where the data can't go."""
    import gzip

    from evalhub.frames.command import printing
    from evalhub.frames.command.figures import count_text
    from evalhub.frames.command.outputs import check_output, whole
    from evalhub.frames.command.progress import FileBar
    from evalhub.ledger.leakage.training import write_fingerprints

    if not out.name.endswith((".jsonl", ".jsonl.gz")):
        raise typer.BadParameter(f"{out} must end in .jsonl or .jsonl.gz", param_hint="--out")
    check_output(out, option="--out", inputs=[train])
    open_ = gzip.open if out.suffix == ".gz" else open
    with (
        whole(out, option="--out") as file,
        open_(file, "wt", encoding="ascii", newline="\n") as stream,
        FileBar(printing.terminal(errors=True), train) as bar,
    ):
        rows, texts = write_fingerprints(train, stream, salted=not plain, progress=bar)
    typer.echo(f"{out}: {count_text(texts, 'text')} of {count_text(rows, 'row')}")


def _print(document: "LeakageDocument") -> None:
    from evalhub.frames.command import printing
    from evalhub.frames.command.figures import count_text, figures

    console = printing.terminal()
    console.print(
        f"{count_text(document.items, 'item')} looked for in "
        f"{count_text(document.training_rows, 'training row')}"
        + (" (fingerprints)" if document.read == "hashes" else "")
    )
    if document.too_short:
        console.print(
            f"{count_text(document.too_short, 'item')} too short to be found.", style="dim"
        )
    leaked = document.leaked
    if not leaked:
        console.print("Clean: none of them is there.", style="green")
        return
    share = len(leaked) / document.items
    console.print(f"Leaked: {count_text(len(leaked), 'item')}, {share:.1%}.", style="bold red")
    hows = Counter(f"{match.part} ({match.how})" for each in leaked for match in each.matches)
    console.print(", ".join(f"{count:,} {how}" for how, count in hows.most_common()), style="dim")
    rows = [
        (item.id, f"{item.line:,}", match.part, match.how, f"{match.line:,}",
         f"{match.share:.2f}")
        for item in leaked
        for match in item.matches
    ]  # fmt: skip
    console.print()
    console.print(figures(("item", "line", "part", "how", "training line", "share"), rows[:SHOWN]))
    if len(rows) > SHOWN:
        console.print(f"and {len(rows) - SHOWN:,} more; --json has all.", style="dim")
