"""Open tasks by kind: each a sentence and a link to the page where it is done.

Of each kind so many are read as are shown and one more, so that a home costs the same with five
studies and with five hundred.
"""

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format

from evalhub.accounts.models import User
from evalhub.decision.levels import is_spent, items_factor
from evalhub.decision.policy import Rule
from evalhub.decision.wording import count_text
from evalhub.declare.declaration import default_of
from evalhub.declare.verdicts import Verdict
from evalhub.features.experiments.models import Ending
from evalhub.ledger.models import Decision, Look
from evalhub.ledger.staleness import changes_but_of_people
from evalhub.registry.models import ModelVersion, Run, Study, TestSetVersion
from evalhub.registry.models.runs import RunState
from reviews.models import Campaign

SHOWN = 5
CHECKED = 12
"""Decisions that something was touched for since: so many, the newest, are compared."""
QUIET = datetime.timedelta(days=2)
"""So long nobody has answered in an open review before it says that it waits."""
ALPHA: float = default_of(Rule, "alpha")
SPENT = next(number for number in range(1, 1000) if is_spent(number, alpha=ALPHA))
"""The first look at which a new candidate needs twice the items that the first needed."""
NEARLY_SPENT = SPENT - 2
"""The last look after which the next but one is that."""


@dataclass(frozen=True, slots=True)
class Need:
    """Something that needs somebody: a sentence, and where to do what about it."""

    sentence: str
    action: str
    url: str


@dataclass(frozen=True, slots=True)
class Needs:
    """All of one kind. `more` leads to where the others stand; "" where these are all."""

    key: str
    title: str
    mark: str
    tone: str
    found: list[Need]
    more: str = ""


def needs_of(user: User) -> list[Needs]:
    """The user's open tasks by kind, most important first; empty kinds are left out.

    At most sixteen queries.
    """
    kinds = [
        _stale(user),
        _ships(user),
        _run_failures(user),
        _reviews_that_ended(user),
        _reviews_to_open(user),
        _quiet_reviews(user),
        _spent_sets(user),
        _versions_to_try(user),
    ]
    return [each for each in kinds if each.found]


def _stale(user: User) -> Needs:
    standing = Decision.objects.visible_to(user).on_studies().standing()
    touched = standing.with_news().newest_first()
    decisions = list(touched.select_related("study")[: CHECKED + 1])
    changes = changes_but_of_people(decisions[:CHECKED])
    needs = []
    for decision in decisions[:CHECKED]:
        if sentences := [change.sentence for change in changes[decision.pk]]:
            others = (
                f", and {count_text(len(sentences) - 1, 'more change')}" if sentences[1:] else ""
            )
            label = decision.get_verdict_display()
            whose = f"{decision.study.name} ({label}, {_day(decision.created)})"
            sentence = f"{whose}: {sentences[0]}{others}."
            url = f"{reverse('site:study', args=[decision.study_id])}?arm={decision.arm}"
            needs.append(Need(sentence, "Look and decide again", url))
    more = len(needs) > SHOWN or len(decisions) > CHECKED
    list_url = reverse("site:studies", query={"state": "touched"}) if more else ""
    title = "Changed since it was decided"
    return Needs("stale", title, "?", "open", needs[:SHOWN], list_url)


def _ships(user: User) -> Needs:
    """Only in projects that have a champion: where nobody promotes, nobody is reminded to. Nor of
    what a live experiment has spoken against."""
    rows = Decision.objects.visible_to(user).to_be_promoted().newest_first().select_related("study")
    rows = rows.exclude(experiments__study__decisions__verdict=Verdict.HOLD)
    rows = rows.exclude(experiments__outcome=Ending.ROLLED_BACK)
    rows = rows.exclude(study__experiment__outcome=Ending.ROLLED_BACK)
    needs, more = _first(
        Need(
            f"{decision.arm} ships against the champion in {decision.study.name}, and nobody "
            f"has promoted it since {_day(decision.created)}.",
            "Look and promote",
            reverse("site:record", args=[decision.pk]) + "#champion",
        )
        for decision in rows[: SHOWN + 1]
    )
    list_url = reverse("site:studies", query={"verdict": "ship"}) if more else ""
    return Needs("ships", "Ships that nobody has promoted", "✓", "pass", needs, list_url)


def _run_failures(user: User) -> Needs:
    rows = Run.objects.visible_to(user).filter(state=RunState.FAILED).order_by("-finished", "-pk")
    related = rows.select_related("version__model", "test_set_version__test_set")
    needs, more = _first(
        Need(
            f"{run}: {_cut(run.error or 'no reason was kept')}",
            "Look at why",
            reverse("site:run", args=[run.pk]),
        )
        for run in related[: SHOWN + 1]
    )
    list_url = reverse("site:runs", query={"state": "failed"}) if more else ""
    return Needs("failed", "Runs that failed", "✗", "fail", needs, list_url)


def _reviews_that_ended(user: User) -> Needs:
    rows = Campaign.objects.visible_to(user).unread().with_counts().defer("plan")
    needs, more = _first(
        Need(
            f"{campaign.name} has ended with {campaign.given:,} of {campaign.asked:,} judgments, "
            "and nobody has read what they say.",
            "Read its results",
            reverse("site:campaign_results", args=[campaign.pk]),
        )
        for campaign in rows[: SHOWN + 1]
    )
    list_url = reverse("site:campaigns", query={"state": "unread"}) if more else ""
    return Needs("ended", "Finished reviews", "✓", "pass", needs, list_url)


def _reviews_to_open(user: User) -> Needs:
    rows = Study.objects.visible_to(user).filter(review__open="owner", campaigns=None)
    decided = Decision.objects.standing().exclude(verdict="invalid").values("study")
    needs, more = _first(
        Need(
            f"{study.name} asks people too, and its review waits for an owner to open it.",
            "Plan it",
            _plan_of(study),
        )
        for study in rows.filter(pk__in=decided)[: SHOWN + 1]
    )
    list_url = reverse("site:studies") if more else ""
    return Needs("to-open", "Reviews to open", "?", "open", needs, list_url)


def _plan_of(study: Study) -> str:
    assert study.review is not None
    query = {"study": study.pk, "test_set": study.review.test_set}
    return reverse("site:new_campaign", query=query)


def _quiet_reviews(user: User) -> Needs:
    rows = Campaign.objects.visible_to(user).short_of_people(since=timezone.now() - QUIET)
    needs, more = _first(
        Need(
            f"{campaign.name} has {campaign.given:,} of {campaign.asked:,} judgments, "
            f"and {_who(campaign)}.",
            "Invite people",
            reverse("site:campaign", args=[campaign.pk]) + "#people",
        )
        for campaign in rows.defer("plan")[: SHOWN + 1]
    )
    list_url = reverse("site:campaigns", query={"state": "quiet"}) if more else ""
    return Needs("quiet", "Reviews that wait for people", "?", "open", needs, list_url)


def _who(campaign: Campaign) -> str:
    """How long nobody has answered, in a review that is `short_of_people`."""
    if not campaign.active:
        return "nobody reviews it"
    if campaign.answered is None:
        return f"nobody has answered since it was opened on {_day(campaign.created)}"
    return f"nobody has answered since {_day(campaign.answered)}"


def _spent_sets(user: User) -> Needs:
    """Newest versions only: whoever has published another version has moved on."""
    looks = Look.objects.most_by_version(at_least=NEARLY_SPENT)
    newest = (
        TestSetVersion.objects.visible_to(user).newest().filter(pk__in=looks, read_freely=False)
    )
    rows = sorted(newest.select_related("test_set"), key=lambda version: -looks[version.pk])
    needs, more = _first(
        Need(
            _cost(version, 1 + looks[version.pk]),
            "See its ledger",
            reverse("site:test_set", args=[version.test_set_id])
            + f"?version={version.number}#ledger",
        )
        for version in rows[: SHOWN + 1]
    )
    list_url = reverse("site:test_sets", query={"state": "spent"}) if more else ""
    return Needs("spent", "Test sets spent, or nearly", "?", "open", needs, list_url)


def _cost(version: TestSetVersion, following: int) -> str:
    """The minimal cost of the next look: other versions with the same items may count too."""
    spent = "is spent" if following >= SPENT else "is nearly spent"
    factor = items_factor(following, alpha=ALPHA)
    return (
        f"{version} {spent}: {count_text(following - 1, 'look')} "
        f"{'were' if following > 2 else 'was'} taken at its items, and the next candidate needs "
        f"{factor:.1f} times those that the first needed, or more."
    )


def _versions_to_try(user: User) -> Needs:
    rows = ModelVersion.objects.visible_to(user).to_be_tried().without_runs().order_by("-created")
    needs, more = _first(
        Need(
            f"{version} was registered on {_day(version.created)} and has answered nothing yet.",
            "Look at it",
            reverse("site:version", args=[version.pk]),
        )
        for version in rows.select_related("model")[: SHOWN + 1]
    )
    list_url = reverse("site:versions", query={"evidence": "none"}) if more else ""
    return Needs("untried", "Versions without evidence", "?", "open", needs, list_url)


def _first(needs: Iterable[Need]) -> tuple[list[Need], bool]:
    """The tasks to show, and whether there are more."""
    rows: Sequence[Need] = list(islice(needs, SHOWN + 1))
    return list(rows[:SHOWN]), len(rows) > SHOWN


def _day(at: datetime.datetime) -> str:
    return date_format(at, "j M Y")


def _cut(text: str, most: int = 160) -> str:
    """The first line of an error, cut to `most` characters."""
    line = " ".join(text.split())
    return line if len(line) <= most else f"{line[: most - 1]}…"
