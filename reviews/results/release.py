"""A review's results as a few lines of Markdown, to be pasted into a release review. Pure."""

from collections.abc import Mapping

from evalhub.decision.wording import count_text
from evalhub.stats.intervals import Estimate
from evalhub.stats.preference import WinScore
from reviews.results.early_stopping import EarlyStop
from reviews.results.summary import Summary


def release_text(
    summary: Summary,
    *,
    title: str,
    question: str,
    baseline: str,
    candidate: str,
    plan_hash: str,
    stopped: EarlyStop | None = None,
    arms: Mapping[int, str] | None = None,
) -> str:
    """Markdown that reads as plain text too; `arms` names the versions that were rated."""
    lines = [f"## Blind review: {title}", "", f"Asked: “{question}”", ""]
    lines += _preference(summary, baseline, candidate, stopped)
    lines += _ratings(summary, arms or {})
    lines += _agreement(summary)
    lines.append(
        f"- {len(summary.reviewers)} reviewer{'' if len(summary.reviewers) == 1 else 's'}, "
        f"{summary.judgments:,} of {summary.planned:,} judgments, blind; plan `{plan_hash[:12]}`"
    )
    lines += [f"- **Mind:** {caution}" for caution in summary.cautions]
    return "\n".join(lines) + "\n"


def interval(lower: float, upper: float) -> str:
    """Shares as [45.1%, 56.0%]."""
    return f"[{100 * lower:.1f}%, {100 * upper:.1f}%]"


def _preference(
    summary: Summary, baseline: str, candidate: str, stopped: EarlyStop | None
) -> list[str]:
    score = summary.preference
    if score is None:
        return []
    lower, upper = (stopped.lower, stopped.upper) if stopped else (score.lower, score.upper)
    lines = [
        f"**{candidate}** beside {baseline}: {_verdict(score, lower, upper)}.",
        "",
        f"- Win score {100 * score.score:.0f}% {interval(lower, upper)}; ties count half",
        f"- {score.wins:,} for {candidate}, {score.losses:,} for {baseline}, {score.ties:,} ties, "
        f"{score.both_bad:,} both bad, on {count_text(score.items, 'item')}",
    ]
    if summary.weighted:
        lines.append("- Each item counts by its weight in production")
    if stopped:
        lines.append(
            f"- Stopped early by its own rule after {stopped.judgments:,} of {stopped.planned:,} "
            "judgments; the interval holds at every look"
        )
    length = summary.length
    if length is not None and length.controlled is not None:
        assert length.lower is not None
        assert length.upper is not None
        lines.append(
            f"- At equal lengths and sides: {100 * length.controlled:.0f}% "
            f"{interval(length.lower, length.upper)}"
        )
    return lines


def _verdict(score: WinScore, lower: float, upper: float) -> str:
    if lower > 0.5:
        return "preferred"
    return "not preferred: the baseline is" if upper < 0.5 else "no preference is shown"


def _ratings(summary: Summary, arms: Mapping[int, str]) -> list[str]:
    lines = []
    for rating in summary.ratings:
        means = ", ".join(
            f"{arms.get(arm.version, arm.version)} {arm.mean:.2f} "
            f"[{arm.lower:.2f}, {arm.upper:.2f}]"
            for arm in rating.arms
        )
        lines.append(f"- {rating.name}: {means}")
    return lines


def _agreement(summary: Summary) -> list[str]:
    agreed = summary.agreement
    if agreed is None or agreed.raw_agreement is None:
        return []
    return [
        f"- Reviewers agree on {100 * agreed.raw_agreement:.0f}%; "
        f"α {_estimate(agreed.krippendorff_alpha)}, AC1 {_estimate(agreed.gwet_ac1)}"
    ]


def _estimate(estimate: Estimate) -> str:
    if estimate.value is None:
        return "undefined"
    if estimate.lower is None or estimate.upper is None:
        return f"{estimate.value:.2f}"
    return f"{estimate.value:.2f} [{estimate.lower:.2f}, {estimate.upper:.2f}]"
