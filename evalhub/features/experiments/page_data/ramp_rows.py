"""The ramp of an experiment's plan: which steps were reached, and which is next."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from math import isclose

from evalhub.decision.criterion import Criterion
from evalhub.decision.wording import join
from evalhub.features.experiments.models import Experiment, Step
from evalhub.features.experiments.page_data.traffic_metrics import metric_label
from evalhub.features.experiments.ramp import is_lowered, lasts_until, next_share
from evalhub.features.traffic.page_data.charts import share_text


@dataclass(frozen=True, slots=True)
class RampRow:
    """A share of the plan's ramp.

    Attributes:
        since: when it was first reached; None: not yet.
        current: whether it is the present share.
    """

    share: float
    since: datetime | None
    current: bool


def ramp_rows(experiment: Experiment, steps: Sequence[Step]) -> list[RampRow]:
    """The plan's shares, rising, and the present one among them where somebody set another."""
    present = steps[-1].rule.share
    shares = sorted({*experiment.plan.ramp, *([present] if present else [])})
    distinct = [
        share for share, following in zip(shares, [*shares[1:], 1.0], strict=True)
        if not isclose(share, following)
    ]  # fmt: skip
    return [
        RampRow(
            share=share,
            since=next((step.since for step in steps if isclose(step.rule.share, share)), None),
            current=isclose(share, present),
        )
        for share in distinct
    ]


def next_step_sentence(
    experiment: Experiment, steps: Sequence[Step], guards: Sequence[Criterion], now: datetime
) -> str:
    """Which share is next, and what it waits for."""
    if not experiment.is_running:
        return "It has ended: nothing is ramped any more."
    following = next_share(experiment, steps[-1])
    share, largest = steps[-1].rule.share, experiment.plan.ramp[-1]
    if following is None and share < largest and not isclose(share, largest):
        weight = share_text(steps[-1].weight)
        return f"The plan’s next share is above the weight, {weight}: begin an epoch to go on."
    if following is None:
        return "The last share of the plan is reached."
    next_text = share_text(following)
    if not experiment.plan.automatic:
        return f"Next is {next_text}, when somebody says so: the plan doesn’t ramp by itself."
    if is_lowered(steps):
        return f"Next is {next_text}, when somebody says so: the share was lowered by hand."
    due = lasts_until(experiment, steps[-1])
    waits = [f"{due:%-d %b, %H:%M} (UTC)"] if due > now else []
    critical = [row for row in guards if row.tier == "critical"]
    names = [metric_label(row.name) for row in critical if not row.holds]
    if names:
        waits.append(f"{join(names)} to be shown within the margin")
    elif not guards and experiment.plan.guards:
        waits.append("the guards to be measured")
    if not waits:
        return f"Next is {next_text}, at once."
    return f"Next is {next_text}. It waits for {join(waits)}."
