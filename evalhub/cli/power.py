"""`evalhub power`: how much evidence a question needs, and what a given amount can show."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from evalhub.declare.defaults import SECONDS_A_SCORE
from evalhub.frames.command.options import Alpha
from evalhub.frames.command.verbs import Printed, file_command
from evalhub.stats.levels import ALPHA, EVEN, LEAN, POWER

if TYPE_CHECKING:
    from evalhub.declare.analysis import PowerDocument
    from evalhub.declare.plan import LooksDocument

app = typer.Typer(no_args_is_help=True, help="How many items, clusters, judgments and hours.")

Power = Annotated[float, typer.Option(help="Power: the chance to show a true effect.")]
Items = Annotated[
    int | None,
    typer.Option("--n", help="Number of items that you have: prints what they can show.", min=1),
]
ClusterSize = Annotated[float, typer.Option(help="Items that belong together, such as one source.")]
Icc = Annotated[float, typer.Option(help="Their intraclass correlation, 0 to 1.")]
Within = Annotated[
    float, typer.Option(help="Standard deviation of one item's score between samples.", min=0.0)
]
Samples = Annotated[int, typer.Option(help="Samples an item, of each arm.", min=1)]
PerItem = Annotated[float, typer.Option(help="Judgments an item, where people score.", min=0.0)]
Seconds = Annotated[float, typer.Option(help="Seconds that a judgment takes.", min=0.0)]


@app.callback()
def power() -> None:
    """How much evidence is needed, and what a given amount can show."""


@app.command()
@file_command
def difference(
    gap: Annotated[float | None, typer.Option(help="Difference worth showing, such as .03")] = None,
    sd: Annotated[
        float | None, typer.Option(help="Standard deviation of the items' differences.")
    ] = None,
    better: Annotated[
        float | None, typer.Option(help="Yes/no scores: share of items that turn right.")
    ] = None,
    worse: Annotated[
        float | None, typer.Option(help="Yes/no scores: share of items that turn wrong.")
    ] = None,
    n: Items = None,
    within_sd: Within = 0.0,
    samples: Samples = 1,
    cluster_size: ClusterSize = 1.0,
    icc: Icc = 0.0,
    judgments_per_item: PerItem = 0.0,
    seconds: Seconds = SECONDS_A_SCORE,
    alpha: Alpha = ALPHA,
    power: Power = POWER,
) -> Printed:
    """Items that show a difference between two arms."""
    from evalhub.analysis.power import (
        ItemCosts,
        PowerTarget,
        power_document,
        samples_needed,
        sd_of_means,
    )
    from evalhub.stats.power import discordant_sample_size, discordant_sd

    costs = ItemCosts(cluster_size, icc, samples, judgments_per_item, seconds)
    sizes: list[int] | None = None
    with _usage():
        if better is not None and worse is not None and (sd, gap, within_sd) == (None, None, 0.0):
            sizes = [
                discordant_sample_size(
                    better, worse, alpha=alpha, power=power, design_effect=costs.design_effect
                )
            ]
            gap = better - worse
            spread = discordant_sd(better, worse)
        elif sd is not None and better is None and worse is None:
            spread = sd_of_means(sd, within_sd, samples)
        else:
            raise typer.BadParameter("give --sd, or --better and --worse without --gap")
        document = power_document(
            "difference",
            [PowerTarget("difference", gap, spread)],
            n=n,
            costs=costs,
            alpha=alpha,
            power=power,
            sizes=sizes,
        )
        if n is not None and gap is not None and sd is not None and within_sd:
            enough = samples_needed(sd, within_sd, n, gap, costs=costs, alpha=alpha, power=power)
            document = document.model_copy(update={"samples_that_suffice": enough})
    return _printed(document)


@app.command()
@file_command
def guard(
    margin: Annotated[
        list[float], typer.Option(help="Loss that is allowed. Repeat it for several guards.")
    ],
    sd: Annotated[
        list[float],
        typer.Option(help="Standard deviation of the items' differences: one, or one a margin."),
    ],
    guards: Annotated[
        int | None, typer.Option(help="How many alike guards must hold together.", min=1, max=1000)
    ] = None,
    expected: Annotated[float, typer.Option(help="Difference expected in truth.")] = 0.0,
    n: Items = None,
    within_sd: Within = 0.0,
    samples: Samples = 1,
    cluster_size: ClusterSize = 1.0,
    icc: Icc = 0.0,
    judgments_per_item: PerItem = 0.0,
    seconds: Seconds = SECONDS_A_SCORE,
    alpha: Alpha = ALPHA,
    power: Power = POWER,
) -> Printed:
    """Items with which all guards together show no loss beyond their margins."""
    if guards is not None and len(margin) > 1:
        raise typer.BadParameter("give --guards, or --margin several times, not both")
    if len(sd) not in (1, len(margin)):
        raise typer.BadParameter(f"{len(sd)} --sd for {len(margin)} --margin: give one, or as many")
    margins = margin * (guards or 1)
    if any(not each > 0 or not each + expected > 0 for each in margins):
        raise typer.BadParameter("a margin must be above 0, and above the loss that is expected")
    sds = sd * (len(margins) if len(sd) == 1 else 1)
    from evalhub.analysis.power import ItemCosts, PowerTarget, power_document, sd_of_means

    costs = ItemCosts(cluster_size, icc, samples, judgments_per_item, seconds)
    with _usage():
        targets = [
            PowerTarget(
                f"margin {allowed_loss:g}, sd {spread:g}",
                allowed_loss + expected,
                sd_of_means(spread, within_sd, samples),
            )
            for allowed_loss, spread in zip(margins, sds, strict=True)
        ]
        document = power_document("guard", targets, n=n, costs=costs, alpha=alpha, power=power)
    return _printed(document)


@app.command()
@file_command
def preference(
    score: Annotated[
        float | None, typer.Option(help="Win score worth showing, such as .55")
    ] = None,
    threshold: Annotated[float, typer.Option(help="Win score to exclude.")] = EVEN,
    ties: Annotated[
        float, typer.Option(help="Share of ties and both-bad, each half a win.", min=0.0, max=0.999)
    ] = 0.0,
    n: Annotated[
        int | None,
        typer.Option(
            "--n", help="Number of judgments that you have: prints what they can show.", min=1
        ),
    ] = None,
    people: Annotated[
        int | None,
        typer.Option(help="Number of reviewers; by default a crowd without personal leanings."),
    ] = None,
    lean: Annotated[
        float, typer.Option(help="Standard deviation of the people's own win scores.")
    ] = LEAN,
    judgments_per_item: Annotated[
        float, typer.Option(help="People who judge an item.", min=1.0)
    ] = 1.0,
    icc: Icc = 0.0,
    seconds: Seconds = SECONDS_A_SCORE,
    alpha: Alpha = ALPHA,
    power: Power = POWER,
) -> Printed:
    """Judgments, items and reviewers' hours that show a preference."""
    from evalhub.analysis.power import ItemCosts, PowerTarget, power_document
    from evalhub.analysis.power_review import CROWD, review_document
    from evalhub.stats.power import judgment_sd, preference_sample_size
    from evalhub.stats.power_review import PlannedReview

    costs = ItemCosts(judgments_per_item, icc, 1, judgments_per_item, seconds)
    if people is not None:
        with _usage():
            review = PlannedReview(people, judgments_per_item, ties, icc, lean)
            document = review_document(
                score, review, threshold=threshold, n=n, costs=costs, alpha=alpha, power=power
            )
        return _printed(document)
    with _usage():
        sizes = None
        if score is not None:
            size = preference_sample_size(
                score,
                threshold=threshold,
                ties=ties,
                alpha=alpha,
                power=power,
                design_effect=costs.design_effect,
            )
            sizes = [size]
        target = PowerTarget(
            "win score",
            None if score is None else score - threshold,
            judgment_sd(0.5 if score is None else score, ties),
        )
        document = power_document(
            "preference", [target], n=n, costs=costs, alpha=alpha, power=power, sizes=sizes
        ).model_copy(update={"caution": CROWD})
    return _printed(document)


@app.command()
@file_command
def looks(
    n: Annotated[int, typer.Option("--n", help="Items of the test set.")] = 500,
    sd: Annotated[float, typer.Option(help="Standard deviation of the items' differences.")] = 0.35,
    alpha: Alpha = ALPHA,
) -> Printed:
    """What the k-th look at a test set costs: its level, the items it needs, what it finds."""
    from evalhub.decision.looks import looks_document

    with _usage():
        document = looks_document(n, sd, alpha=alpha)
    return Printed(document, show=partial(_print_looks, document))


def _print_looks(document: "LooksDocument") -> None:
    from evalhub.frames.command import printing
    from evalhub.frames.command.figures import figures

    rows = [
        (
            f"{look.number}" + (", spent" if look.spent else ""),
            f"{look.level:.2g}",
            f"{look.items_factor:.1f}",
            f"{look.smallest:.3f}",
        )
        for look in document.looks
    ]
    heads = ("look", "level", "items, to the first's", f"{document.n:,} items find")
    printing.terminal().print(figures(heads, rows))


@contextmanager
def _usage() -> Iterator[None]:
    """Turns errors into wrong usage: all values come from options."""
    from evalhub.stats.errors import StatisticsError

    try:
        yield
    except StatisticsError as error:
        raise typer.BadParameter(str(error)) from error


def _printed(document: "PowerDocument") -> Printed:
    return Printed(document, show=partial(_print, document))


def _print(document: "PowerDocument") -> None:
    from evalhub.frames.command import printing
    from evalhub.frames.command.figures import figures, number

    console = printing.terminal()
    console.print(
        f"Power {document.power:g} at one-sided {document.alpha:g}, "
        f"design effect {document.design_effect:.3g}"
        + (f", {document.people} people who lean by {document.lean:g}" if document.people else "")
    )
    if document.caution:
        console.print(document.caution, style="yellow")
    names = [each.name for each in document.criteria]
    needed = {each.name: each.needed for each in document.criteria if each.needed}
    efforts = [
        (f"{names.count(name)} × {name}" if names.count(name) > 1 else name, numbers)
        for name, numbers in needed.items()
    ]
    if document.given:
        efforts.append(("given", document.given.effort))
    rows = [
        (
            name,
            f"{effort.items:,}",
            f"{effort.clusters:,}",
            f"{effort.answers:,}",
            f"{effort.judgments:,}",
            f"{effort.hours:,.1f}",
        )
        for name, effort in efforts
    ]
    console.print()
    heads = ("to show", "items", "clusters", "answers", "judgments", "hours")
    console.print(figures(heads, rows))
    if document.samples_that_suffice and document.given:
        console.print()
        console.print(
            f"With {document.samples_that_suffice:,} samples an item, "
            f"{document.given.n:,} items would be enough."
        )
    curve = [
        (f"{point.n:,}", number(point.power), number(point.minimum_detectable_effect))
        for point in document.curve
    ]
    console.print()
    label = "power" if len(names) == 1 else "power, at least"
    console.print(figures((document.unit, label, "smallest that shows"), curve))
    for sentence in document.sentences:
        console.print()
        console.print(f"{sentence[:1].upper()}{sentence[1:]}.")
