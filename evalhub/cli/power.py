"""`evalhub power`: how much evidence a question needs, and what a given amount can show."""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated, Any

import typer

app = typer.Typer(no_args_is_help=True, help="How many items, clusters, judgments and hours.")

SHARES = (0.25, 0.5, 0.75, 1.0, 1.5, 2.0)

Alpha = Annotated[float, typer.Option(help="One-sided level; 0.025 goes with a 95% interval.")]
Power = Annotated[float, typer.Option(help="Chance to show what is true.")]
Items = Annotated[int | None, typer.Option("--n", help="Items at hand: what can they show?", min=1)]
ClusterSize = Annotated[float, typer.Option(help="Items that belong together, such as one source.")]
Icc = Annotated[float, typer.Option(help="How alike those are, 0 to 1 (intraclass correlation).")]
Within = Annotated[
    float, typer.Option(help="Standard deviation of one item's score between samples.", min=0.0)
]
Samples = Annotated[int, typer.Option(help="Samples an item, of each arm.", min=1)]
PerItem = Annotated[float, typer.Option(help="Judgments an item, where people score.", min=0.0)]
Seconds = Annotated[float, typer.Option(help="Seconds that a judgment takes.", min=0.0)]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


@dataclass(frozen=True, slots=True)
class PowerTarget:
    """One thing to show: `gap` is how far the truth lies from what is to be excluded."""

    name: str
    gap: float | None
    sd: float


@dataclass(frozen=True, slots=True)
class Costs:
    """What counts towards the effort of an item."""

    cluster_size: float = 1.0
    icc: float = 0.0
    samples: int = 1
    judgments_per_item: float = 0.0
    seconds: float = 60.0


@app.callback()
def power() -> None:
    """How much evidence is needed, and what a given amount can show."""


@app.command()
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
    seconds: Seconds = 60.0,
    alpha: Alpha = 0.025,
    power: Power = 0.8,
    json_: Json = False,
) -> None:
    """Items that show a difference between two arms."""
    costs = Costs(cluster_size, icc, samples, judgments_per_item, seconds)
    sizes: list[int] | None = None
    with _usage():
        if better is not None and worse is not None and (sd, gap, within_sd) == (None, None, 0.0):
            from evalhub.stats.power import discordant_sample_size, discordant_sd

            effect = _design_effect(costs)
            sizes = [
                discordant_sample_size(
                    better, worse, alpha=alpha, power=power, design_effect=effect
                )
            ]
            gap = better - worse
            spread = discordant_sd(better, worse)
        elif sd is not None and better is None and worse is None:
            spread = _sampled(sd, within_sd, samples)
        else:
            raise typer.BadParameter("give --sd, or --better and --worse without --gap")
        wanted = [PowerTarget("difference", gap, spread)]
        found = answered("difference", wanted, n, costs, alpha, power, sizes)
        if n is not None and gap is not None and sd is not None and within_sd:
            found["samples_that_suffice"] = _suffice(sd, within_sd, n, gap, costs, alpha, power)
    _show(found, json_)


@app.command()
def guard(
    margin: Annotated[
        list[float], typer.Option(help="Loss that is allowed. Repeat it for several guards.")
    ],
    sd: Annotated[
        list[float],
        typer.Option(help="Standard deviation of the items' differences: one, or one a margin."),
    ],
    guards: Annotated[
        int | None, typer.Option(help="How many alike guards must hold together.", min=1)
    ] = None,
    expected: Annotated[float, typer.Option(help="Difference expected in truth.")] = 0.0,
    n: Items = None,
    within_sd: Within = 0.0,
    samples: Samples = 1,
    cluster_size: ClusterSize = 1.0,
    icc: Icc = 0.0,
    judgments_per_item: PerItem = 0.0,
    seconds: Seconds = 60.0,
    alpha: Alpha = 0.025,
    power: Power = 0.8,
    json_: Json = False,
) -> None:
    """Items with which all guards together show no loss beyond their margins."""
    if guards is not None and len(margin) > 1:
        raise typer.BadParameter("give --guards, or --margin several times, not both")
    if len(sd) not in (1, len(margin)):
        raise typer.BadParameter(f"{len(sd)} --sd for {len(margin)} --margin: give one, or as many")
    margins = margin * (guards or 1)
    if any(not each > 0 or not each + expected > 0 for each in margins):
        raise typer.BadParameter("a margin must be above 0, and above the loss that is expected")
    sds = sd * (len(margins) if len(sd) == 1 else 1)
    costs = Costs(cluster_size, icc, samples, judgments_per_item, seconds)
    with _usage():
        wanted = [
            PowerTarget(
                f"margin {each:g}, sd {spread:g}",
                each + expected,
                _sampled(spread, within_sd, samples),
            )
            for each, spread in zip(margins, sds, strict=True)
        ]
        found = answered("guard", wanted, n, costs, alpha, power)
    _show(found, json_)


@app.command()
def preference(
    score: Annotated[
        float | None, typer.Option(help="Win score worth showing, such as .55")
    ] = None,
    threshold: Annotated[float, typer.Option(help="Win score to be excluded.")] = 0.5,
    ties: Annotated[
        float, typer.Option(help="Share of ties and both-bad, each half a win.", min=0.0, max=0.999)
    ] = 0.0,
    n: Annotated[
        int | None, typer.Option("--n", help="Judgments at hand: what can they show?", min=1)
    ] = None,
    judgments_per_item: Annotated[
        float, typer.Option(help="People who judge an item.", min=1.0)
    ] = 1.0,
    icc: Icc = 0.0,
    seconds: Seconds = 60.0,
    alpha: Alpha = 0.025,
    power: Power = 0.8,
    json_: Json = False,
) -> None:
    """Judgments, items and reviewers' hours that show a preference."""
    from evalhub.stats.power import judgment_sd, preference_sample_size

    costs = Costs(judgments_per_item, icc, 1, judgments_per_item, seconds)
    with _usage():
        sizes = None
        if score is not None:
            size = preference_sample_size(
                score,
                threshold=threshold,
                ties=ties,
                alpha=alpha,
                power=power,
                design_effect=_design_effect(costs),
            )
            sizes = [size]
        wanted = PowerTarget(
            "win score",
            None if score is None else score - threshold,
            judgment_sd(0.5 if score is None else score, ties),
        )
        found = answered("preference", [wanted], n, costs, alpha, power, sizes)
    _show(found, json_)


def answered(
    question: str,
    wanted: Sequence[PowerTarget],
    n: int | None,
    costs: Costs,
    alpha: float,
    power: float,
    sizes: Sequence[int] | None = None,
) -> dict[str, Any]:
    """The document `evalhub.power/1`.

    Sizes are items, of a preference judgments. Where several criteria must hold together, the
    allowed miss rate is shared out, and the power of a size is the least that they all hold
    with, however they depend on each other (Bonferroni). Raises StatisticsError.
    """
    from evalhub.stats.power import joint_sample_sizes, minimum_detectable_effect

    effect = _design_effect(costs)
    gaps = [each.gap for each in wanted if each.gap is not None]
    if not gaps and n is None:
        raise typer.BadParameter("give what is to be shown, or --n for what can be")
    if gaps and sizes is None:
        sds = [each.sd for each in wanted]
        effects = [effect] * len(sds)
        sizes = joint_sample_sizes(sds, gaps, alpha=alpha, power=power, design_effects=effects)
    each_power = 1 - (1 - power) / len(wanted)

    def detectable(size: int, sd: float) -> float:
        return minimum_detectable_effect(
            size, sd, alpha=alpha, power=each_power, design_effect=effect
        )

    middle = n or max(sizes or [1])
    return {
        "schema": "evalhub.power/1",
        "question": question,
        "unit": "judgments" if question == "preference" else "items",
        "alpha": alpha,
        "power": power,
        "design_effect": effect,
        "criteria": [
            {
                "name": each.name,
                "gap": each.gap,
                "sd": each.sd,
                "needed": _effort(question, sizes[i], costs) if sizes else None,
                "minimum_detectable_effect": detectable(n, each.sd) if n else None,
            }
            for i, each in enumerate(wanted)
        ],
        "given": {
            "n": n,
            "power": _joint_power(n, wanted, alpha, effect) if gaps else None,
            "effort": _effort(question, n, costs),
        }
        if n
        else None,
        "curve": [
            {
                "n": size,
                "power": _joint_power(size, wanted, alpha, effect) if gaps else None,
                "minimum_detectable_effect": max(detectable(size, each.sd) for each in wanted),
            }
            for size in dict.fromkeys(max(1, round(middle * share)) for share in SHARES)
        ],
    }


def _joint_power(n: int, wanted: Sequence[PowerTarget], alpha: float, effect: float) -> float:
    from evalhub.stats.power import paired_power

    missed = sum(
        1 - paired_power(n, each.sd, each.gap, alpha=alpha, design_effect=effect)
        for each in wanted
        if each.gap is not None
    )
    return max(0.0, 1 - missed)


def _effort(question: str, size: int, costs: Costs) -> dict[str, Any]:
    from dataclasses import asdict

    from evalhub.stats.power import effort

    judged = question == "preference"
    return asdict(
        effort(
            math.ceil(size / costs.judgments_per_item) if judged else size,
            items_per_cluster=1.0 if judged else costs.cluster_size,
            samples_per_item=costs.samples,
            judgments_per_item=costs.judgments_per_item,
            seconds_per_judgment=costs.seconds,
        )
    )


def _design_effect(costs: Costs) -> float:
    from evalhub.stats.power import design_effect_of

    return design_effect_of(costs.cluster_size, costs.icc)


def _sampled(sd: float, within: float, samples: int) -> float:
    from evalhub.stats.paired import VarianceSplit
    from evalhub.stats.power import sampled_sd

    if sd < 0:
        raise typer.BadParameter(f"a standard deviation is not negative, and this is {sd:g}")
    return sampled_sd(VarianceSplit(sd**2, within**2, within**2), samples, samples)


def _suffice(
    sd: float, within: float, n: int, gap: float, costs: Costs, alpha: float, power: float
) -> int | None:
    from evalhub.stats.paired import VarianceSplit
    from evalhub.stats.power import samples_that_suffice

    return samples_that_suffice(
        VarianceSplit(sd**2, within**2, within**2),
        n,
        gap,
        alpha=alpha,
        power=power,
        design_effect=_design_effect(costs),
    )


@contextmanager
def _usage() -> Iterator[None]:
    """Everything here comes from options, so what can't be computed is wrong usage."""
    from evalhub.stats.errors import StatisticsError

    try:
        yield
    except StatisticsError as error:
        raise typer.BadParameter(str(error)) from error


def _show(found: dict[str, Any], as_json: bool) -> None:
    from evalhub.cli import printing
    from evalhub.cli.figures import figures, number

    if as_json:
        printing.print_json(found)
        return
    console = printing.terminal()
    console.print(
        f"Power {found['power']:g} at one-sided {found['alpha']:g}, "
        f"design effect {found['design_effect']:.3g}"
    )
    names = [each["name"] for each in found["criteria"]]
    needed = {each["name"]: each["needed"] for each in found["criteria"] if each["needed"]}
    efforts = [
        (f"{names.count(name)} × {name}" if names.count(name) > 1 else name, each)
        for name, each in needed.items()
    ]
    if given := found["given"]:
        efforts.append(("given", given["effort"]))
    columns = ("items", "clusters", "answers", "judgments")
    rows = [
        (name, *(f"{each[column]:,}" for column in columns), f"{each['hours']:,.1f}")
        for name, each in efforts
    ]
    console.print()
    console.print(figures(("to show", *columns, "hours"), rows))
    if found.get("samples_that_suffice"):
        console.print()
        console.print(
            f"With {found['samples_that_suffice']:,} samples an item, "
            f"{given['n']:,} items would be enough."
        )
    curve = [
        (f"{row['n']:,}", number(row["power"]), number(row["minimum_detectable_effect"]))
        for row in found["curve"]
    ]
    console.print()
    shown = "power" if len(names) == 1 else "power, at least"
    console.print(figures((found["unit"], shown, "smallest that shows"), curve))
