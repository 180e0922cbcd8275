"""All that a review found, for a page, a release note and the command line.

A constant number of queries.
"""

from dataclasses import dataclass, replace
from functools import lru_cache

from evalhub.decision.people_cautions import identity_cautions
from evalhub.declare.people import UnconfirmedUse
from evalhub.declare.review import Dimension
from evalhub.registry.models import ModelVersion, StudyArm
from evalhub.stats.preference import WinScore
from reviews.models import Campaign
from reviews.results.adjudicate import adjudication_counts
from reviews.results.counting import count_judgments, use_of
from reviews.results.early_stopping import EarlyStop, early_stop_of
from reviews.results.ended import check_ended
from reviews.results.judgment_data import judgment_data
from reviews.results.looks import looks_known
from reviews.results.release import interval, release_text
from reviews.results.summary import Summary, summarise


@dataclass(frozen=True, slots=True)
class Bar:
    """A win score as a row: what of, how much, and its picture in per cent of the width.

    The limits are the early stop's where the campaign was stopped, else the score's own.
    """

    name: str
    win: WinScore
    lower: float
    upper: float

    @property
    def status(self) -> str:
        if self.lower > 0.5:
            return "pass"
        return "fail" if self.upper < 0.5 else "open"

    @property
    def interval(self) -> str:
        """The interval to a tenth of a per cent, so that 49.6% isn't shown as 50%."""
        return interval(self.lower, self.upper)

    @property
    def places(self) -> dict[str, str]:
        shares = {"lower": self.lower, "upper": self.upper, "dot": self.win.score}
        return {name: f"{100 * share:.2f}%" for name, share in shares.items()}


@dataclass(frozen=True, slots=True)
class ArmStrength:
    """One of several arms: its strength against the baseline in log odds, and its win score."""

    name: str
    strength: float
    lower: float
    upper: float
    win_score: float


@dataclass(frozen=True, slots=True)
class CampaignResults:
    """A review's results with the names of its arms; `text` is the note for a release."""

    summary: Summary
    overall: Bar | None
    stopped: EarlyStop | None
    dimensions: list[Bar]
    tags: list[Bar]
    strata: list[Bar]
    arms: list[ArmStrength]
    names: dict[int, str]
    questions: dict[str, str]
    disagreements: int
    adjudicated: int
    identical: int
    text: str


def campaign_results(campaign: Campaign) -> CampaignResults:
    """The campaign's results. Raises StillBlindError before its end, TamperedError if it was
    changed."""
    check_ended(campaign)
    form = campaign.page_form
    heads = campaign.reviewers.order_by("pk").values_list("head", flat=True)
    summary = _summary(
        campaign.pk,
        (campaign.seal, *heads),
        campaign.baseline_id,
        campaign.candidate_id,
        form.dimensions,
        use_of(campaign),
    )
    summary = replace(summary, cautions=[*summary.cautions, *looks_known(campaign)])
    names = _names(campaign, summary)
    stopped = early_stop_of(campaign)
    disputed, done_count = adjudication_counts(campaign)
    return CampaignResults(
        summary=summary,
        overall=_bar("Overall", summary.preference, stopped) if summary.preference else None,
        stopped=stopped,
        dimensions=[_bar(each.name, each.score) for each in summary.dimensions],
        tags=[_bar(each.name, each.score) for each in summary.tags],
        strata=[_bar(each.name, each.score) for each in summary.strata],
        arms=_arms(summary, names),
        names=names,
        questions={each.name: each.question for each in form.dimensions},
        disagreements=disputed,
        adjudicated=done_count,
        identical=campaign.sealed_plan.identical,
        text=release_text(
            summary,
            title=campaign.name,
            question=campaign.question,
            baseline=names[campaign.baseline_id],
            candidate=names[campaign.candidate_id],
            plan_hash=campaign.plan_hash,
            stopped=stopped,
            arms=names,
        ),
    )


@lru_cache(maxsize=16)
def _summary(
    campaign: int,
    heads: tuple[str, ...],
    baseline: int,
    candidate: int,
    dimensions: tuple[Dimension, ...],
    use: UnconfirmedUse,
) -> Summary:
    """Kept for a campaign that is sealed: under the same seal, with the same heads of what was
    adjudicated since, it is the same. Of the judgments that count, by what the policy says."""
    row = Campaign.objects.defer("plan").get(pk=campaign)
    counted_judgments = count_judgments(row, judgment_data(row), use=use)
    summary = summarise(
        counted_judgments.data, baseline=baseline, candidate=candidate, dimensions=dimensions
    )
    cautions = identity_cautions(list(counted_judgments.people.values()), use)
    return replace(summary, cautions=[*cautions, *summary.cautions])


def _bar(name: str, score: WinScore, stopped: EarlyStop | None = None) -> Bar:
    limits = stopped or score
    return Bar(name, score, limits.lower, limits.upper)


def _names(campaign: Campaign, summary: Summary) -> dict[int, str]:
    """A name for every version that was compared: the study's, else the version's own."""
    versions = {campaign.baseline_id: campaign.baseline, campaign.candidate_id: campaign.candidate}
    names = {pk: str(version) for pk, version in versions.items()}
    others = {pk for pk in (summary.arms.strengths if summary.arms else {}) if isinstance(pk, int)}
    if others - names.keys():
        rows = ModelVersion.objects.select_related("model").filter(pk__in=others - names.keys())
        names |= {version.pk: str(version) for version in rows}
    arms = StudyArm.objects.filter(study=campaign.study_id, version__in=names)
    return names | dict(arms.values_list("version_id", "name"))


def _arms(summary: Summary, names: dict[int, str]) -> list[ArmStrength]:
    if summary.arms is None or summary.arms.state != "ok":
        return []
    rows = [
        ArmStrength(
            name=names[int(str(version))],
            strength=strength.value,
            lower=strength.lower,
            upper=strength.upper,
            win_score=summary.arms.win_score(version, summary.arms.reference),
        )
        for version, strength in summary.arms.strengths.items()
    ]
    return sorted(rows, key=lambda arm: -arm.strength)
