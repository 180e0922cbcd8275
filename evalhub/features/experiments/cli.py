"""`evalhub experiment`: plan, start, follow and end a live experiment, here or at a site."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from evalhub.features.experiments.command_lines import (
    end_lines,
    experiment_lines,
    list_lines,
    power_lines,
    promotion_lines,
    step_lines,
)
from evalhub.frames.command.options import Of
from evalhub.frames.command.transports import Operation, get_rows, operation, post
from evalhub.frames.command.verbs import Printed, user_by_option

if TYPE_CHECKING:
    from evalhub.accounts.models import Project
    from evalhub.declare.experiment import PlanDraft
    from evalhub.features.experiments.models import Experiment, ExperimentQuerySet
    from evalhub.ledger.models import Decision

app = typer.Typer(
    no_args_is_help=True,
    help="Live experiments: a share of the users gets the challenger's answers.",
)
By = Annotated[
    str | None,
    typer.Option(help="User who acts; at a site, the token's user.", metavar="USER"),
]
Reason = Annotated[str, typer.Option(help="Why, in words.")]
Number = Annotated[
    int, typer.Argument(help="The experiment's number, as its page shows it.", metavar="EXPERIMENT")
]
PlanPath = Annotated[
    Path,
    typer.Argument(help="The plan, as YAML or JSON: primary, guards, ramp.", metavar="PLAN"),
]
SHOWN = 50
START = "the plan of an experiment is a mapping that begins with primary: {metric: …}"


@app.command("plan")
@operation
def plan(plan: PlanPath, project: Of) -> Operation:
    """Print the users and days that a plan needs, and what its guards notice."""
    draft = _draft(plan)

    def here() -> dict[str, Any]:
        from django.utils import timezone

        from evalhub.features.experiments.drafts import draft_power
        from evalhub.features.experiments.shapes import PowerPlanOut

        power = draft_power(_project(project), draft, now=timezone.now())
        return PowerPlanOut.of(power).as_json()

    there = post("/experiments/plans", {"plan": draft.as_json()})
    return Operation(project, here, there, lambda row: Printed(row, lines=power_lines(row)))


@app.command("start")
@operation
def start(
    challenger: Annotated[
        str, typer.Argument(help="The version that challenges.", metavar="MODEL@NUMBER")
    ],
    plan: PlanPath,
    project: Of,
    name: Annotated[str, typer.Option(help="Of the experiment and its study.")],
    challenger_name: Annotated[
        str, typer.Option(help="Under which it is served, as requests have it.")
    ],
    champion_name: Annotated[
        str, typer.Option(help="Under which the champion is served, likewise.")
    ],
    reason: Reason,
    by: By = None,
    decision: Annotated[
        int | None,
        typer.Option(
            help="The decision by which it may ship.", show_default="the newest that says so"
        ),
    ] = None,
    share: Annotated[
        float | None,
        typer.Option(
            help="The challenger's share of all users to begin with; 0.01 is 1%.",
            show_default="the first of the ramp",
        ),
    ] = None,
    flag: Annotated[
        str | None,
        typer.Option(help="The key by which clients ask for the arm.", show_default="model"),
    ] = None,
) -> Operation:
    """Start an experiment now: by a decision that ships, or by an owner's word."""
    draft = _draft(plan)

    def here() -> dict[str, Any]:
        from django.utils import timezone

        from evalhub.features.experiments.drafts import settled_plan
        from evalhub.features.experiments.starting import FLAG, start_experiment
        from evalhub.registry.version_names import version_by_name

        of, person = _project(project), user_by_option(by)
        experiment = start_experiment(
            project=of,
            by=person,
            name=name,
            plan=settled_plan(of, draft, now=timezone.now()),
            challenger=version_by_name(of, challenger),
            challenger_name=challenger_name,
            champion_name=champion_name,
            reason=reason,
            decision=_decision(of, decision),
            share=share,
            flag=FLAG if flag is None else flag,
        )
        return _followed(of, experiment.pk)

    body = {
        "name": name,
        "challenger": challenger,
        "challenger_name": challenger_name,
        "champion_name": champion_name,
        "plan": draft.as_json(),
        "reason": reason,
        "decision": decision,
        "share": share,
    }
    body |= {} if flag is None else {"flag": flag}
    return Operation(project, here, post("/experiments", body), _experiment)


@app.command("list")
@operation
def list_(project: Of) -> Operation:
    """List a project's experiments: the newest 50, the newest first."""

    def here() -> list[dict[str, Any]]:
        from evalhub.features.experiments.shapes import ExperimentOut

        rows = _rows(_project(project)).newest_first()[:SHOWN]
        return [ExperimentOut.from_model(row).as_json() for row in rows]

    there = get_rows(f"/experiments?page_size={SHOWN}")
    return Operation(project, here, there, lambda rows: Printed(rows, lines=list_lines(rows)))


@app.command("show")
@operation
def show(experiment: Number, project: Of) -> Operation:
    """Print where an experiment stands: verdict, users, steps, decisions."""

    def here() -> dict[str, Any]:
        of = _project(project)
        return _followed(of, _one(of, experiment).pk)

    return Operation(
        project,
        here,
        lambda connection: dict(connection.get(f"/experiments/{experiment}").body),
        _experiment,
    )


@app.command("share")
@operation
def share(
    experiment: Number,
    share: Annotated[
        float, typer.Argument(help="The challenger's, of all users: 0.05 is 5%.", metavar="SHARE")
    ],
    project: Of,
    reason: Reason,
    by: By = None,
    instead_of: Annotated[
        float | None,
        typer.Option(help="The present share; refused if it is another one by now."),
    ] = None,
) -> Operation:
    """Give the challenger another share of all users; nobody changes the arm."""

    def here() -> dict[str, Any]:
        from evalhub.features.experiments.ramping import set_share
        from evalhub.features.experiments.shapes import StepOut

        row, person = _one(_project(project), experiment), user_by_option(by)
        step = set_share(
            experiment=row, by=person, share=share, reason=reason, instead_of=instead_of
        )
        return StepOut.from_model(step).as_json()

    body = {"share": share, "reason": reason, "instead_of": instead_of}
    there = post(f"/experiments/{experiment}/share", body)
    return Operation(project, here, there, lambda row: Printed(row, lines=step_lines(row)))


@app.command("epoch")
@operation
def epoch(
    experiment: Number,
    project: Of,
    reason: Reason,
    by: By = None,
    weight: Annotated[
        float | None,
        typer.Option(
            help="The challenger's share of those in the experiment.", show_default="as before"
        ),
    ] = None,
) -> Operation:
    """Deal all users to the arms anew: another epoch of the experiment."""

    def here() -> dict[str, Any]:
        from evalhub.features.experiments.ramping import begin_epoch
        from evalhub.features.experiments.shapes import StepOut

        row, person = _one(_project(project), experiment), user_by_option(by)
        step = begin_epoch(experiment=row, by=person, reason=reason, weight=weight)
        return StepOut.from_model(step).as_json()

    there = post(f"/experiments/{experiment}/epochs", {"reason": reason, "weight": weight})
    return Operation(project, here, there, lambda row: Printed(row, lines=step_lines(row)))


@app.command("stop")
@operation
def stop(experiment: Number, project: Of, reason: Reason, by: By = None) -> Operation:
    """Stop an experiment: the champion answers everybody from now on."""
    return _ending("stop", experiment, project, reason, by)


@app.command("rollback")
@operation
def rollback(experiment: Number, project: Of, reason: Reason, by: By = None) -> Operation:
    """Roll an experiment back: stop it, as harmful."""
    return _ending("rollback", experiment, project, reason, by)


@app.command("promote")
@operation
def promote(experiment: Number, project: Of, reason: Reason, by: By = None) -> Operation:
    """Make an experiment's challenger the champion, and end it."""

    def here() -> dict[str, Any]:
        from evalhub.features.experiments.ending import promote_challenger
        from evalhub.features.lifecycle.api import PromotionOut

        row, person = _one(_project(project), experiment), user_by_option(by)
        promotion = promote_challenger(experiment=row, by=person, reason=reason)
        return PromotionOut.from_model(promotion).as_json()

    there = post(f"/experiments/{experiment}/promotion", {"reason": reason})
    return Operation(project, here, there, lambda row: Printed(row, lines=promotion_lines(row)))


def _ending(verb: str, experiment: int, project: str, reason: str, by: str | None) -> Operation:
    def here() -> dict[str, Any]:
        from evalhub.features.experiments import ending

        verbs: dict[str, Callable[..., Experiment]]
        verbs = {"stop": ending.stop_experiment, "rollback": ending.roll_back_experiment}
        of, person = _project(project), user_by_option(by)
        row = verbs[verb](experiment=_one(of, experiment), by=person, reason=reason)
        return _followed(of, row.pk)

    there = post(f"/experiments/{experiment}/{verb}", {"reason": reason})
    return Operation(project, here, there, lambda row: Printed(row, lines=end_lines(row)))


def _draft(path: Path) -> "PlanDraft":
    """Raises evalhub.io.rows.DataError, with the line."""
    from evalhub.declare.declaration import read_declaration
    from evalhub.declare.experiment import PlanDraft
    from evalhub.io.document import Document

    return read_declaration(PlanDraft, Document(path), start=START)


def _project(slug: str) -> "Project":
    from evalhub.accounts.people import project_by_slug

    return project_by_slug(slug)


def _rows(project: "Project") -> "ExperimentQuerySet":
    from evalhub.features.experiments.models import Experiment

    rows: ExperimentQuerySet = Experiment.objects.filter(project=project)
    return rows.with_versions().with_standing()


def _one(project: "Project", number: int) -> "Experiment":
    row = _rows(project).filter(pk=number).first()
    if row is None:
        message = f"{project} has no experiment {number} (evalhub experiment list)"
        raise typer.BadParameter(message, param_hint="EXPERIMENT")
    return row


def _decision(project: "Project", number: int | None) -> "Decision | None":
    from evalhub.ledger.models import Decision

    if number is None:
        return None
    row = Decision.objects.filter(study__project=project, pk=number).first()
    if row is None:
        raise typer.BadParameter(f"there is no decision {number}", param_hint="--decision")
    return row


def _followed(project: "Project", number: int) -> dict[str, Any]:
    from evalhub.features.experiments.shapes import FollowedExperimentOut

    return FollowedExperimentOut.from_model(_one(project, number)).as_json()


def _experiment(row: Mapping[str, Any]) -> Printed:
    return Printed(row, lines=experiment_lines(row))
