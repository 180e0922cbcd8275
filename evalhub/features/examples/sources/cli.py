"""`evalhub examples draw`, `propose` and `augment`: where examples come from."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from evalhub.features.examples.command_options import By, Number
from evalhub.features.traffic.command_options import USUAL_SINCE, filter_pair, time_text
from evalhub.frames.command.figures import count_text
from evalhub.frames.command.verbs import Printed, user_by_option

if TYPE_CHECKING:
    from evalhub.accounts.models import Project, User
    from evalhub.declare.keys import Reach
    from evalhub.features.examples.sources.calls import CallProgress
    from evalhub.features.examples.sources.proposing import AskedCalls
    from evalhub.features.examples.sources.shapes import (
        AskedCallsOut,
        ExampleDrawOut,
        MostPaidOut,
    )
    from evalhub.features.examples.sources.traffic_query import ExampleQuery
    from reviews.models import ExampleQueue

SHOWN_ERRORS = 5
LONGEST_ERROR = 160

Since = Annotated[
    str, typer.Option(help="From when on: 7d, 12h, or a date or time with its offset.")
]
Until = Annotated[str | None, typer.Option(help="Until when; by default now.")]
Count = Annotated[
    int | None, typer.Option(help="Examples to draw.", show_default="what --need adds up to")
]
Need = Annotated[
    list[str] | None,
    typer.Option(
        metavar="KIND:NAME=COUNT",
        help="So many of a slice, before any others: route, language, tag or model. Repeatable.",
    ),
]
NeedReport = Annotated[
    str | None,
    typer.Option(
        help="What slices lack by a kept data report: its number or digest.", metavar="REPORT"
    ),
]
Where = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME=VALUE", help="Only these: model, route, tag or language. Repeatable."
    ),
]
Negative = Annotated[
    bool, typer.Option("--negative", help="Only what people found bad, to be corrected.")
]
Seed = Annotated[int | None, typer.Option(help="Of the draw.")]
WouldDo = Annotated[
    bool, typer.Option("--dry-run", help="Print what would be done, and do nothing.")
]
Model = Annotated[
    str, typer.Option(help="The version to ask: MODEL@NUMBER.", metavar="MODEL@NUMBER")
]
Again = Annotated[bool, typer.Option("--again", help="Ask again what ended in an error.")]
AllowHost = Annotated[
    list[str] | None,
    typer.Option(metavar="HOST", help="A host that the key may be sent to. Repeatable."),
]


def draw(
    project: "Project",
    queue: Number,
    since: Since = USUAL_SINCE,
    until: Until = None,
    n: Count = None,
    need: Need = None,
    need_report: NeedReport = None,
    where: Where = None,
    negative: Negative = False,
    seed: Seed = None,
    dry_run: WouldDo = False,
    by: By = None,
) -> Printed:
    """Draw requests of production as examples: first what people found good."""
    from evalhub.features.examples.sources.from_traffic import draw_from_traffic, plan_draw
    from evalhub.features.examples.sources.shapes import ExampleDrawOut

    row, user = _queue(project, queue), _user(by)
    query = _query(since, until, n, _needs(project, need, need_report), where, negative, seed)
    if dry_run:
        out = ExampleDrawOut.of(plan_draw(queue=row, query=query, by=user), 0)
    else:
        out = ExampleDrawOut.of(*draw_from_traffic(queue=row, query=query, by=user))
    return Printed(out, lines=_draw_lines(out, dry_run=dry_run))


def propose(
    project: "Project",
    queue: Number,
    model: Model,
    inputs: Annotated[
        Path | None,
        typer.Option(help="Prompts: rows {input, context, tags, licence}.", metavar="FILE"),
    ] = None,
    from_traffic: Annotated[
        bool, typer.Option("--from-traffic", help="Requests, drawn as `draw` does.")
    ] = False,
    items: Annotated[
        str | None,
        typer.Option(
            help="Items without a reference, for a queue of references.", metavar="TEST_SET@NUMBER"
        ),
    ] = None,
    since: Since = USUAL_SINCE,
    until: Until = None,
    n: Count = None,
    need: Need = None,
    need_report: NeedReport = None,
    where: Where = None,
    negative: Negative = False,
    seed: Seed = None,
    again: Again = False,
    dry_run: WouldDo = False,
    allow: AllowHost = None,
    by: By = None,
) -> Printed:
    """Ask a model for answers, which people accept, edit or reject. What was stopped goes on by the
    same command; without inputs it asks what is left."""
    from evalhub.features.examples.sources.proposing import (
        ProposalInputs,
        plan_proposals,
    )
    from evalhub.features.examples.sources.proposing import propose as ask
    from evalhub.features.examples.sources.shapes import MostPaidOut
    from evalhub.registry.version_names import version_by_name

    if (inputs is not None) + from_traffic + (items is not None) > 1:
        raise typer.BadParameter(
            "say one of --inputs, --from-traffic and --items", param_hint="--inputs"
        )
    query = (
        _query(since, until, n, _needs(project, need, need_report), where, negative, seed)
        if from_traffic
        else None
    )
    which = ProposalInputs(inputs, query, None if items is None else _test_set(project, items))
    common: dict[str, Any] = {
        "queue": _queue(project, queue),
        "version": version_by_name(project, model),
        "inputs": which,
        "by": _user(by),
        "reach": _reach(allow),
    }
    if dry_run:
        plan, most = plan_proposals(**common)
        return _dry(MostPaidOut.of(most, plan.left_out))
    return _asked("propose", lambda progress: ask(**common, again=again, progress=progress))


def augment(
    project: "Project",
    queue: Number,
    model: Model,
    kind: Annotated[
        list[str],
        typer.Option(
            help="paraphrase; vary:shorter, longer, formal, informal, typos, facts or "
            "language=German. Repeatable."
        ),
    ],
    each: Annotated[int, typer.Option(help="Variations of a kind of each example.")] = 1,
    inputs: Annotated[
        Path | None,
        typer.Option(
            help="Rows {input, reference} to vary.",
            metavar="FILE",
            show_default="the queue's accepted examples",
        ),
    ] = None,
    again: Again = False,
    dry_run: WouldDo = False,
    allow: AllowHost = None,
    by: By = None,
) -> Printed:
    """Ask a model for variations of accepted examples, which wait for people as any. What was
    stopped goes on by the same command."""
    from evalhub.features.examples.sources.augmenting import augment as ask
    from evalhub.features.examples.sources.augmenting import plan_augmentation
    from evalhub.features.examples.sources.shapes import MostPaidOut
    from evalhub.registry.version_names import version_by_name

    common: dict[str, Any] = {
        "queue": _queue(project, queue),
        "version": version_by_name(project, model),
        "kinds": kind,
        "each": each,
        "file": inputs,
        "by": _user(by),
        "reach": _reach(allow),
    }
    if dry_run:
        _, most = plan_augmentation(**common)
        return _dry(MostPaidOut.of(most, {}))
    return _asked("vary", lambda progress: ask(**common, again=again, progress=progress))


def _queue(project: "Project", number: int) -> "ExampleQueue":
    from reviews.models import ExampleQueue

    queue: ExampleQueue | None = ExampleQueue.objects.filter(project=project, pk=number).first()
    if queue is None:
        raise typer.BadParameter(f"{project} has no queue {number}", param_hint="QUEUE")
    return queue


def _user(by: str | None) -> "User | None":
    return None if by is None else user_by_option(by)


def _needs(
    project: "Project", need: list[str] | None, report: str | None
) -> list[dict[str, object]]:
    """What --need says, and then what a kept report says of other slices."""
    from evalhub.features.examples.sources.traffic_query import need_of, needs_of_report
    from evalhub.registry.models import StoredDataReport

    needs = [need_of(text) for text in need or ()]
    if report is None:
        return needs
    reports = StoredDataReport.objects.filter(project=project).matching(report)
    row: StoredDataReport | None = reports.newest_first().first()
    if row is None:
        raise typer.BadParameter(
            f"{project} has no data report {report}: `evalhub data list` prints them",
            param_hint="--need-report",
        )
    named = {each["slice"] for each in needs}
    lacking = needs_of_report(row.document)
    return [*needs, *(each for each in lacking if each["slice"] not in named)]


def _query(
    since: str,
    until: str | None,
    n: int | None,
    needs: list[dict[str, object]],
    where: list[str] | None,
    negative: bool,
    seed: int | None,
) -> "ExampleQuery":
    from evalhub.declare.declaration import validate
    from evalhub.features.examples.sources.traffic_query import ExampleQuery

    fields = {
        "since": time_text(since, "--since"),
        "until": None if until is None else time_text(until, "--until"),
        "n": n,
        "need": needs or None,
        "where": dict(map(filter_pair, where or ())) or None,
        "negative": negative or None,
        "seed": seed,
    }
    return validate(
        ExampleQuery, {name: value for name, value in fields.items() if value is not None}
    )


def _reach(allow: list[str] | None) -> "Reach":
    from evalhub.declare.declaration import validate
    from evalhub.declare.keys import Reach

    return validate(Reach, {"operator": True, "hosts": allow or []}, at="--allow")


def _test_set(project: "Project", name: str) -> Any:
    """The version of a test set by TEST_SET@NUMBER. Raises typer.BadParameter."""
    from evalhub.declare.version_name import parse_version_name
    from evalhub.registry.models import TestSetVersion

    slug, number = parse_version_name(name)
    versions = TestSetVersion.objects.filter(test_set__project=project, test_set__slug=slug)
    versions = versions.filter(number=number) if number else versions
    version = versions.order_by("-number").first()
    if version is None:
        raise typer.BadParameter(f"{project} has no test set {name}", param_hint="--items")
    return version


def _asked(what: str, ask: "Callable[[CallProgress], AskedCalls]") -> Printed:
    """Asks with a bar of progress, and prints what came of it."""
    from evalhub.features.examples.sources.shapes import AskedCallsOut
    from evalhub.frames.command import printing
    from evalhub.frames.command.progress import Bars

    with Bars(printing.terminal(errors=True)) as bars:
        asked = ask(lambda done, total: bars.show(what, "calls", done, total))
    out = AskedCallsOut.of(asked)
    return Printed(out, lines=_asked_lines(out))


def _dry(out: "MostPaidOut") -> Printed:
    lines = [f"{count_text(out.calls, 'call')} would be made."]
    lines += _left_out_lines(out.left_out, "input")
    if out.tokens is None:
        lines.append(
            "What they may cost isn't known: the version's sampling has no max_tokens, so that an "
            "answer may be of any length."
        )
    else:
        most = "" if out.money is None else f", {out.money:,.4g} in the price's currency"
        lines.append(f"At most {out.tokens:,} tokens{most}.")
    lines.append(f"Price: {out.price}." if out.price else "No price is known.")
    return Printed(out, lines=lines)


def _draw_lines(out: "ExampleDrawOut", *, dry_run: bool) -> list[str]:
    added = "would be added" if dry_run else f"drawn, {out.added:,} added"
    lines = [
        f"{count_text(out.drawn, 'example')} {added}, from {count_text(out.requests, 'request')} "
        f"of {count_text(out.users, 'user')}.",
        f"People found {out.positive:,} good and {out.negative:,} bad; {out.edited:,} have an "
        "edited answer.",
    ]
    lines += [
        f"{'! ' if row.drawn < row.wanted else ''}{row.slice}: {row.drawn:,} of {row.wanted:,}"
        for row in out.needs
    ]
    return lines + _left_out_lines(out.left_out, "request")


def _asked_lines(out: "AskedCallsOut") -> list[str]:
    cost = "no price is known" if out.cost is None else f"cost {out.cost:,.4g} so far"
    lines = [
        f"{count_text(out.examples, 'example')} from {count_text(out.answered, 'answer')} "
        f"({out.planned:,} new calls; {cost}). Each waits for people.",
        *_left_out_lines(out.inputs_left_out, "input"),
        *_left_out_lines(out.left_out, "answer"),
    ]
    if out.failed:
        lines.append(f"! {count_text(out.failed, 'call')} failed: --again asks them again.")
        errors = list(out.errors.items())[:SHOWN_ERRORS]
        lines += [f"  {count:,}: {error[:LONGEST_ERROR]}" for error, count in errors]
    return lines


def _left_out_lines(left_out: Mapping[str, int], noun: str) -> list[str]:
    return [f"Left out: {count_text(count, noun)}: {reason}." for reason, count in left_out.items()]
