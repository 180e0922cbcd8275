"""`evalhub review open` and `upload`: a blind review of a study or of pairs in a file."""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from evalhub.cli.study import study_by_name
from evalhub.frames.command.option_groups import with_option_groups

if TYPE_CHECKING:
    from evalhub.declare.review import CampaignRequest
    from evalhub.registry.models import Run, Study

DryRun = Annotated[bool, typer.Option("--dry-run", help="Print the plan's cost, open nothing.")]


@dataclass(frozen=True, slots=True)
class PlanOptions:
    """A review's plan: a file, and what is said in place of its values."""

    plan: Annotated[
        Path | None,
        typer.Option(help="A review plan: YAML or JSON, see the guide on campaigns."),
    ] = None
    items: Annotated[int | None, typer.Option(help="Number of items to judge.", min=1)] = None
    reviewers_per_item: Annotated[
        int | None, typer.Option("--reviewers", help="Judgments an item.", min=1)
    ] = None
    people: Annotated[
        int | None,
        typer.Option(help="Number of reviewers, for the power calculation.", min=1),
    ] = None
    seed: Annotated[int | None, typer.Option(help="Of the sample, orders and sides.", min=0)] = None
    question: Annotated[str | None, typer.Option(help="The question to reviewers.")] = None

    def request(self) -> "CampaignRequest":
        """The plan file with the command line's values in place of its own."""
        from evalhub.declare.declaration import read_declaration
        from evalhub.declare.review import CampaignRequest
        from evalhub.io.document import Document
        from reviews.planning.campaign_request import review_declaration

        options = {each.name: getattr(self, each.name) for each in fields(self)[1:]}
        values: dict[str, Any] = {
            name: value for name, value in options.items() if value is not None
        }
        if self.plan is None:
            return review_declaration(CampaignRequest, values)
        document = Document(self.plan)
        start = "a review plan is a mapping, such as `items: 200`"
        read_declaration(CampaignRequest, document, start=start)
        return review_declaration(CampaignRequest, document.data | values)


@with_option_groups
def open_review(
    study: Annotated[str, typer.Argument(help="A finished study: PROJECT/STUDY.")],
    test_set: Annotated[str, typer.Option(help="The test set whose answers are compared.")],
    all_arms: Annotated[
        bool, typer.Option("--all-arms", help="Compare every arm, not just candidate and baseline.")
    ] = False,
    *,
    options: PlanOptions,
    dry_run: DryRun = False,
) -> None:
    """Open a review of a finished study's answers."""
    from evalhub.frames.command.setup import set_up_database

    request = options.request()
    set_up_database()
    from evalhub.studies.run.reviewing import arms_to_review

    row = study_by_name(study)
    arms = arms_to_review(row, test_set)
    runs = [arm.run for arm in (arms if all_arms else arms[:2])]
    _say(request, runs, row)
    if not dry_run:
        _open(request, runs, row, "")


@with_option_groups
def upload(
    file: Annotated[Path, typer.Argument(help="Pairs: JSONL, CSV or Parquet.")],
    right_file: Annotated[
        Path | None, typer.Argument(help="The right answers, if in a file of their own.")
    ] = None,
    project: Annotated[
        str, typer.Option(help="The project's name; created if missing.")
    ] = "reviews",
    name: Annotated[
        str | None, typer.Option(help="The review's name; by default the file's.")
    ] = None,
    prompt: Annotated[str, typer.Option(help="Field with the request.")] = "prompt",
    left: Annotated[str, typer.Option(help="Field with the baseline's answer.")] = "left",
    right: Annotated[str, typer.Option(help="Field with the candidate's answer.")] = "right",
    id_: Annotated[str, typer.Option("--id", help="Field with the item's id.")] = "id",
    context: Annotated[str, typer.Option(help="Field with the item's context.")] = "context",
    tags: Annotated[str, typer.Option(help="Field with tags.")] = "tags",
    cluster: Annotated[str, typer.Option(help="Field with the cluster.")] = "cluster",
    expected: Annotated[str, typer.Option(help="Field with the known answer.")] = "expected",
    left_name: Annotated[str, typer.Option(help="The baseline's name.")] = "left",
    right_name: Annotated[str, typer.Option(help="The candidate's name.")] = "right",
    *,
    options: PlanOptions,
    dry_run: DryRun = False,
) -> None:
    """Open a review of pairs from a file: no study, no models."""
    from evalhub.frames.command.setup import set_up_database

    request = options.request()
    set_up_database()
    from evalhub.cli.space import space
    from evalhub.studies.web.pairs_upload import stage_upload
    from reviews.planning.upload import Columns

    with (
        space(project) as project_row,
        stage_upload(
            project=project_row,
            by=None,
            name=name or file.stem,
            path=file,
            right_path=right_file,
            columns=Columns(prompt, left, right, id_, context, tags, cluster, expected),
            arms=(left_name, right_name),
        ) as staged,
    ):
        _say(request, staged.runs, None)
        if dry_run:
            return
        runs = staged.publish()
    _open(request, [runs.baseline_run, runs.candidate_run], None, name or file.stem)


def _say(request: "CampaignRequest", runs: "list[Run]", study: "Study | None") -> None:
    """Prints the plan's demands on people."""
    from evalhub.cli.plan_lines import plan_lines
    from evalhub.studies.run.reviewing import for_study
    from reviews.planning.plan_preview import preview_plan

    typer.echo("\n".join(plan_lines(preview_plan(for_study(request, study), runs, study))))


def _open(request: "CampaignRequest", runs: "list[Run]", study: "Study | None", name: str) -> None:
    from evalhub.studies.run.reviewing import for_study
    from reviews.planning.campaign import open_campaign

    design = for_study(request, study)
    opened = open_campaign(runs=runs, design=design, study=study, name=name, by=None)
    typer.echo(f"review {opened.pk} is open, its plan sealed as {opened.plan_hash[:12]}")
