"""`evalhub redact`: an item's text is taken out for good."""

from dataclasses import asdict
from typing import Annotated

import typer

from evalhub.cli.options import Json


def redact(
    test_set: Annotated[str, typer.Argument(help="The test set's name.", metavar="TEST_SET")],
    item: Annotated[str, typer.Argument(help="The item's id.", metavar="ITEM")],
    reason: Annotated[str, typer.Option(help="Why, in words: it is kept, the text isn't.")],
    project: Annotated[str, typer.Option(help="The project's name.")] = "default",
    json_: Json = False,
) -> int:
    """Take an item's text out, and all answers to it, for good: digests and decisions stand."""
    from evalhub.cli import printing
    from evalhub.cli.setup import set_up_database

    set_up_database()
    from evalhub.accounts.models import Project
    from evalhub.studies.redact import redact as take_out

    found = Project.objects.filter(slug=project).first()
    if found is None:
        raise typer.BadParameter(f"there is no project {project!r}", param_hint="--project")
    done = take_out(project=found, test_set=test_set, item=item, reason=reason, by=None)
    if json_:
        printing.print_json(asdict(done))
    else:
        typer.echo(
            f"Redacted: {item} of {test_set}, in {done.versions} versions; {done.answers} answers "
            f"in {done.runs} runs. Scores, digests and decisions stand.\n"
            "Backups and files outside this home still hold it."
        )
    return 0
