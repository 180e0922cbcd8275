"""What to do next with a study: one sentence and one button."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from django.urls import reverse

from evalhub.declare.verdicts import Status, Verdict
from evalhub.features.lifecycle.pages import possible_promotions
from evalhub.ledger.champion_standing import ChampionStanding
from evalhub.ledger.models import Decision
from evalhub.registry.models import Study
from evalhub.report.decision_page import DecisionPage
from evalhub.site.queries import CampaignProgress, StudyRuns


@dataclass(frozen=True, slots=True)
class NextStep:
    """`label` is the button's, "" where there is nothing to press; `posts` where it is a form."""

    sentence: str
    label: str = ""
    url: str = ""
    posts: bool = False


def step_undecided(study: Study, runs: StudyRuns, *, judged: bool) -> NextStep:
    """What a study without a decision on the arm waits for."""
    if runs.open:
        return NextStep("Nothing: this page follows the runs by itself.")
    if runs.stopped:
        count = runs.stopped
        return NextStep(
            "See why below, then retry. Answers that are there are kept.",
            f"Retry {count} run{'s' if count > 1 else ''}",
            reverse("site:resume_study_runs", args=[study.pk]),
            posts=True,
        )
    if not runs.total:
        return NextStep("Start its runs with its study file: evalhub study run FILE")
    if not judged:
        return NextStep("Read the means below.")
    return NextStep("Decide: it reads the scores once, and keeps a record.", *_decide(study))


def step_decided(
    study: Study,
    decision: Decision,
    page: DecisionPage,
    *,
    newest: Mapping[str, Decision],
    standing: ChampionStanding,
    stale: bool,
    review_awaited: bool,
    campaign: CampaignProgress | None,
) -> NextStep:
    """What follows from the newest decision on an arm, the most pressing first."""
    here = reverse("site:study", args=[study.pk])
    arm = {"arm": decision.arm}
    verdict = Verdict(decision.verdict)
    if verdict is Verdict.INVALID:
        return NextStep(
            "Mend what made it invalid, then decide again.", *_decide(study, again=True)
        )
    if stale:
        return NextStep("Something changed since this verdict.", *_decide(study, again=True))
    if page.to_accept:
        url = f"{here}?{urlencode(arm | {'tab': 'evidence'})}#accept"
        return NextStep("An owner may accept what holds it.", "Accept what holds it", url)
    if verdict is Verdict.HOLD:
        return _after_hold(here, decision, _shipping(newest))
    if review_awaited and study.review is not None:
        query = urlencode({"study": study.pk, "test_set": study.review.test_set})
        url = f"{reverse('site:new_campaign')}?{query}"
        return NextStep("Its review waits for its owner.", "Open the review", url)
    if verdict is Verdict.SHIP:
        return _after_ship(decision, standing)
    if campaign and not campaign.complete and campaign.campaign.state != "closed":
        return NextStep(
            f"Reviewers are at {campaign.judgments:,} of {campaign.planned:,} judgments.",
            "See the review",
            reverse("site:campaign", args=[campaign.campaign.pk]),
        )
    return _after_more(decision)


def _shipping(newest: Mapping[str, Decision]) -> str:
    """The first arm that may ship, or ""."""
    return next((name for name, each in newest.items() if each.verdict == Verdict.SHIP), "")


def _after_ship(decision: Decision, standing: ChampionStanding) -> NextStep:
    record = reverse("site:record", args=[decision.pk])
    if standing.arm == "candidate":
        return NextStep("It is the champion already.", "See the decision", record)
    if possible_promotions(decision).possible:
        return NextStep(
            "It passes all that is asked.", f"Promote {decision.arm}", f"{record}#champion"
        )
    return NextStep("It passes all that is asked.", "See the decision", record)


def _after_more(decision: Decision) -> NextStep:
    """How many items would settle what is open, where a number would."""
    record = decision.document
    sentence = (
        f"Add items: about {record.needed_n:,} in all would settle it."
        if record.needed_n
        else "See what is open, and what would settle it."
    )
    number = next(
        (n for n, each in enumerate(record.criteria, 1) if each.status is Status.OPEN), None
    )
    if number is None:
        return NextStep(sentence, "See the decision", reverse("site:record", args=[decision.pk]))
    url = reverse("site:criterion", args=[decision.pk, number])
    return NextStep(sentence, "What would settle it", url)


def _after_hold(here: str, decision: Decision, shipping: str) -> NextStep:
    """Another arm that may ship, else the answers behind the largest loss."""
    if shipping:
        return NextStep(
            f"{shipping} passes all that is asked: ship that, or train again.",
            f"See {shipping}",
            f"{here}?{urlencode({'arm': shipping})}",
        )
    worst = min(
        (
            each
            for each in decision.document.criteria
            if each.status is Status.FAIL and each.kind.by_metric and each.losses
        ),
        key=lambda each: each.difference,
        default=None,
    )
    if worst is None:
        record = reverse("site:record", args=[decision.pk])
        return NextStep("See what holds it.", "See the decision", record)
    query = urlencode(
        {"arm": decision.arm, "tab": "answers", "test_set": worst.test_set, "outcome": "lost"}
    )
    answers = f"{worst.losses:,} answer{'s' if worst.losses > 1 else ''}"
    return NextStep(
        f"Read the {answers} that it lost on {worst.name}, then train again.",
        "Read them",
        f"{here}?{query}#panel",
    )


def _decide(study: Study, *, again: bool = False) -> tuple[str, str, bool]:
    """The button that decides."""
    label = "Decide again" if again else "Decide now"
    return label, reverse("site:decide", args=[study.pk]), True
