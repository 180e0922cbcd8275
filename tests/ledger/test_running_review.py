"""While a review goes on no door says anything of its votes: databases that differ in nothing else
give the same answers to the byte."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from difflib import unified_diff
from itertools import cycle

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse

from evalhub.accounts.models import User
from evalhub.decision.policy import StudySettings
from evalhub.declare.review import Anytime, Design
from evalhub.ledger.models import Decision, Ledger
from evalhub.registry.models import Study, StudyRun
from reviews.assignments.answer import ReviewerAnswer
from reviews.assignments.judge import form_nonce
from reviews.models import Assignment, Campaign, Judgment, Reviewer
from reviews.planning.campaign import close_campaign
from tests.cast import Team
from tests.ledger.test_decide import REVIEW, Desk, asked, judge
from tests.reviews.asking import a_review
from tests.reviews.steps import next_assignment, record

VOTES: list[Sequence[str]] = [
    ["candidate"],
    ["baseline"],
    ["tie", "both-bad"],
    ["candidate", "baseline", "baseline", "tie"],
]
GIVEN = 24
# A floor of agreement, which votes could miss; one person is enough.
POLICY = StudySettings().as_json() | {"min_agreement": 0.4, "min_reviewers": 1}

Answers = Mapping[str, tuple[int, str]]


class _Undone(Exception):
    """Takes the database back to where it was."""


@contextmanager
def undone() -> Iterator[None]:
    try:
        with transaction.atomic():
            yield
            raise _Undone
    except _Undone:
        pass


@pytest.fixture
def study(team: Team) -> Study:
    """The tuned arm gains on its task, and people are asked as well."""
    desk = Desk(team)
    desk.answered()
    Ledger.of_home()  # whose random id stands in every record
    return desk.study(review=REVIEW, policy=POLICY)


def vote(campaign: Campaign, user: User, votes: Sequence[str], given: int = GIVEN) -> None:
    """So many judgments by the reviewer's own door."""
    for favour, _ in zip(cycle(votes), range(given), strict=False):
        dealt = next_assignment(campaign=campaign, user=user)
        assert isinstance(dealt, Assignment)
        sides = {"candidate": "left", "baseline": "right"}
        if not dealt.candidate_on_left:
            sides = {"candidate": "right", "baseline": "left"}
        record(
            token=dealt.token,
            user=user,
            answer=ReviewerAnswer(sides.get(favour, favour)),
            nonce=form_nonce(token=dealt.token, user=user),
        )


def shown(client: Client, address: str, query: Mapping[str, str] | None = None) -> tuple[int, str]:
    """Status and text of a page, without times, numbers of rows and random tokens."""
    answer = client.get(address, query or {})
    text = answer.getvalue().decode()
    for pattern in (
        r"(?<=/)\d+(?=[/.])",
        r"(?<=ID “)\d+",
        r'name="csrfmiddlewaretoken" value="[^"]*"',
        r"<time.*?</time>",
        r"\d{4}-\d\d-\d\d[T ][\d:.+]+",
        r"\d\d? \w+ 20\d\d,? \d\d:\d\d",
        r"(?<=>)[^<>]*20\d\d, [^<>]*",
        r"\[\s*(?:\d+\.\d+(?:e-\d+)?(?:,?\s*))+\]",
        r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}",
        r"Request <code>[0-9a-f]{32}</code>",
        # the ledger's chain holds the times of what was decided before, and the record its head
        r'"head": "[0-9a-f]{64}"',
        r'<(?P<tag>span|a) class="hash".*?</(?P=tag)>',
    ):
        text = re.sub(pattern, "", text)
    return answer.status_code, text


def named(page: str, query: Mapping[str, str]) -> str:
    """An address without the numbers of rows, which PostgreSQL gives once."""
    return f"{re.sub(r'(?<=/)[0-9]+(?=[/.])', 'N', page)} {query}"


def of_the_site(client: Client, study: Study, campaign: Campaign) -> dict[str, tuple[int, str]]:
    """What every page says to this person, once they have had it decided."""
    posted = client.post(reverse("site:decide", args=[study.pk]), follow=True)
    assert posted.status_code == 200
    decision = Decision.objects.filter(study=study).newest_first()[0]
    pages = [
        (reverse("site:study", args=[study.pk]), {}),
        (reverse("site:studies"), {}),
        (reverse("site:decision", args=[decision.pk]), {}),
        *(
            (reverse("site:criterion", args=[decision.pk, n]), {"n": str(n)})
            for n in range(1, len(decision.record["criteria"]) + 2)
        ),
        (reverse("site:campaigns"), {}),
        (reverse("site:new_campaign"), {"campaign": str(campaign.pk)}),
        *(
            (reverse(f"site:{name}", args=[campaign.pk]), {})
            for name in ("campaign", "campaign_results", "campaign_audit", "campaign_audit_file")
        ),
        *(
            (reverse("site:campaign_export", args=[campaign.pk]), {"format": form})
            for form in ("jsonl", "csv", "parquet", "dpo", "inspect")
        ),
    ]
    return {named(page, query): shown(client, page, query) for page, query in pages}


def of_the_admin(client: Client, campaign: Campaign) -> dict[str, tuple[int, str]]:
    lists = ("campaign", "pair", "dealing", "reviewer", "judgment", "event", "guess")
    said = Judgment.objects.filter(assignment__reviewer__campaign=campaign).first()
    assert said is not None
    rows = {
        "campaign": campaign.pk,
        "dealing": campaign.dealing.pk,
        "judgment": said.pk,
        "assignment": said.assignment_id,
        "reviewer": said.assignment.reviewer_id,
    }
    pages = [(reverse(f"admin:reviews_{name}_changelist"), {}) for name in lists]
    pages += [
        (reverse(f"admin:reviews_{name}_{page}", args=[pk]), {})
        for name, pk in rows.items()
        for page in ("change", "history")
    ]
    asked = {
        "judgment": [
            {"choice": "left"},
            {"much__exact": "1"},
            {"rationale__contains": "a"},
            {"o": "3"},
            {"q": "rui"},
        ],
        "assignment": [{"judgments__choice": "left"}],
        "dealing": [{"chances__icontains": "0.5"}],
        "guess": [{"side": "left"}],
    }
    pages += [
        (reverse(f"admin:reviews_{name}_changelist"), query)
        for name, queries in asked.items()
        for query in queries
    ]
    return {named(page, query): shown(client, page, query) for page, query in pages}


def answers(votes: Sequence[str], campaign: Campaign, said: Callable[[], Answers]) -> Answers:
    """What doors say once two people have voted so; afterwards nobody has."""
    found: list[Answers] = []
    with undone():
        people = User.objects.filter(username__in=("rui", "ruth")).order_by("username")
        for person in people:
            vote(campaign, person, votes, GIVEN // 2)
        found.append(said())
    return found[0]


def differing(campaign: Campaign, said: Callable[[], Answers]) -> list[str]:
    """The doors whose answers depend on how was voted, each with the lines that do."""
    first, *others = [answers(votes, campaign, said) for votes in VOTES]
    assert first
    found = []
    for other in others:
        for door, (status, text) in first.items():
            lines = unified_diff(text.splitlines(), other[door][1].splitlines(), n=0)
            if (status, text) != other[door]:
                found.append("\n".join([door, *lines]))
    return found


@pytest.fixture(autouse=True)
def the_same_pseudonyms_in_each_round(
    the_same_pseudonyms: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is dealt goes by them, and each round of votes is undone."""
    monkeypatch.setattr(
        "reviews.joining.admit.new_pseudonym", lambda: ("rui", "ruth")[Reviewer.objects.count() % 2]
    )


@pytest.mark.heavy
@pytest.mark.parametrize(
    "who", ["olga", *(pytest.param(who, marks=pytest.mark.heavy) for who in ("eva", "root"))]
)
def test_no_page_depends_on_the_votes_of_a_review_that_goes_on(
    study: Study, who: str, request: pytest.FixtureRequest
) -> None:
    client: Client = request.getfixturevalue(who)
    campaign = asked(study, reviewers_per_item=2)
    assert differing(campaign, lambda: of_the_site(client, study, campaign)) == []


@pytest.mark.heavy
def test_no_page_of_the_admin_depends_on_them(study: Study, root: Client) -> None:
    campaign = asked(study, reviewers_per_item=2)
    root.get(reverse("admin:index"))
    assert differing(campaign, lambda: of_the_admin(root, campaign)) == []


def test_what_the_early_stop_looks_at_stands_on_no_page(study: Study, root: Client) -> None:
    """With strata that are dealt by what was said in them so far."""
    runs = [
        StudyRun.objects.get(arm__study=study, arm__name=arm, test_set__name="questions").run
        for arm in ("base", "tuned")
    ]
    campaign = a_review(
        study=study,
        baseline_run=runs[0],
        candidate_run=runs[1],
        items=40,
        reviewers_per_item=2,
        seed=1,
        design=Design(stopping=Anytime(alpha=0.025, priority=True)),
    )
    weighed = []

    def said() -> Answers:
        campaign.dealing.refresh_from_db()
        weighed.append(campaign.dealing.weighed)
        return {
            named(each, {}): shown(root, each)
            for each in (
                reverse("admin:reviews_dealing_changelist"),
                reverse("admin:reviews_dealing_change", args=[campaign.dealing.pk]),
                reverse("admin:reviews_event_changelist"),
                reverse("admin:reviews_campaign_change", args=[campaign.pk]),
                reverse("site:campaign", args=[campaign.pk]),
            )
        }

    assert differing(campaign, said) == []
    assert min(weighed) >= 20, "it has looked"


def test_a_decision_says_how_many_judgments_there_are_and_nothing_else(
    study: Study, team: Team, olga: Client
) -> None:
    campaign = asked(study, reviewers_per_item=2)
    vote(campaign, team.rui, ["candidate"])
    olga.post(reverse("site:decide", args=[study.pk]))
    record = study.decisions.get().record
    assert record["verdict"] == "need-more-data"
    assert record["reasons"][-1] == "? Reviewers have given 24 of 60 judgments"
    known = {"state", "planned", "judgments", "identical", "plan_hash"}
    said = {name for name, value in record["people"].items() if value not in (None, [], "")}
    assert said == known
    assert record["people"]["state"] == "running"
    assert [each["role"] for each in record["criteria"]] == ["primary", "guard"]


def test_a_vote_between_two_decisions_can_not_be_read_from_them(
    study: Study, team: Team, olga: Client
) -> None:
    """As it was done: decide after each vote, and see whose it was."""
    campaign = asked(study)
    olga.post(reverse("site:decide", args=[study.pk]))  # which says that it began the ledger
    seen = []
    for favour in ("candidate", "baseline", "tie"):
        vote(campaign, team.rui, [favour], 1)
        olga.post(reverse("site:decide", args=[study.pk]))
        newest = Decision.objects.filter(study=study).newest_first()[0]
        answer = olga.get(reverse("site:decision", args=[newest.pk])).text
        chain = r"\"links\": \d+|\"head\": \"[0-9a-f]{64}\""  # holds earlier decisions' times
        seen.append(re.sub(rf"\d of 30 judgments|\"judgments\": \d|{chain}", "", answer))
    assert len(set(seen)) == 1


def test_once_it_has_ended_people_are_heard(study: Study, team: Team, olga: Client) -> None:
    campaign = asked(study, reviewers_per_item=2)
    for person in (team.rui, team.ruth):
        judge(campaign, person, "candidate")
    olga.post(reverse("site:decide", args=[study.pk]))
    record = study.decisions.get().record
    assert record["people"]["wins"] == 60
    campaign.refresh_from_db()
    assert record["people"]["seal"] == campaign.seal != ""
    assert record["criteria"][-1]["role"] == "preference"


def test_one_that_was_closed_early_is_read_and_still_awaited(
    study: Study, team: Team, olga: Client
) -> None:
    campaign = asked(study)
    vote(campaign, team.rui, ["candidate"])
    close_campaign(campaign=campaign, by=None)
    olga.post(reverse("site:decide", args=[study.pk]))
    record = study.decisions.get().record
    assert (record["people"]["state"], record["people"]["wins"]) == ("partial", 24)
    assert record["verdict"] == "need-more-data"
    assert record["reasons"][-1] == "? Reviewers have given 24 of 30 judgments"
