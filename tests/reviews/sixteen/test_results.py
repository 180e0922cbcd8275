"""How blindness breaks, and what keeps it from doing so: five to ten, and sixteen, of sixteen."""

import re
from itertools import batched

import pytest
from django.test import Client
from django.urls import reverse

from evalhub.declare.review import Design, Form
from reviews.assignments.judge import form_nonce, undo
from reviews.audit.report import audit
from reviews.audit.tokens import tokens_test
from reviews.errors import NamesRevealedError
from reviews.models import Assignment, Campaign, EventKind, Judgment
from reviews.results.guess import record_guess
from reviews.results.unblind import unblind
from tests.cast import Team
from tests.reviews.assignments.test_assign import answer, deal
from tests.reviews.conftest import CANARIES, a_campaign
from tests.reviews.judged import judge_all
from tests.reviews.steps import next_assignment

TOKENS = re.compile(r'name="(?:nonce|key)" value="([^"]+)"')
UUIDS = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def check(campaign: Campaign, key: str) -> str:
    return next(each.status for each in audit(campaign).checks if each.key == key)


def test_5_no_exposed_token_predicts_the_arm(team: Team, rui: Client, ruth: Client) -> None:
    """All that two reviewers' pages expose beside texts is a random token and a signature of it
    and the person: no bit of the token goes with the side."""
    campaign = a_campaign(team, items=30)
    tokens, sides = [], []
    for client, user in ((rui, team.rui), (ruth, team.ruth)):
        for _ in range(30):
            html = client.get(f"/reviews/{campaign.pk}/").content.decode()
            turn = Assignment.objects.get(reviewer__user=user, state="leased")
            exposed = {*UUIDS.findall(html)}
            assert exposed == {str(turn.token)}
            assert TOKENS.findall(html)[0] == form_nonce(token=turn.token, user=user)
            tokens.append(turn.token)
            sides.append(turn.candidate_on_left)
            answer(turn, user)
    # A bit that is the side has 1e-16; drawn anew in each run, fair tokens have less than this
    # once in a million.
    assert tokens_test(tokens, sides).p_value > 1e-6
    assert {token.version for token in tokens} == {4}
    assert len(set(tokens)) == 60


def test_6_byte_shapes_of_one_arm_are_found_and_shown_to_nobody(team: Team, rui: Client) -> None:
    """A byte order mark, CRLF and a trailing new line in each answer of one arm: the audit counts
    them, and the page has none of them."""
    base: list[str | None] = [f"Answer {i}.\nIt is so." for i in range(12)]
    tuned: list[str | None] = [f"\ufeffAnswer {i} too.\r\nIt is so.\n\n" for i in range(12)]
    campaign = a_campaign(team, answers=(base, tuned))
    found = next(each for each in audit(campaign).checks if each.key == "bytes")
    assert found.numbers["candidate"] == {
        "trailing": 12, "leading": 0, "crlf": 12, "bom": 12, "invisible": 0,
    }  # fmt: skip
    assert set(found.numbers["baseline"].values()) == {0}
    html = rui.get(f"/reviews/{campaign.pk}/").content.decode()
    panes = html.split('class="panes"', 1)[1].split("<form", 1)[0]
    assert "too." in panes
    assert "\ufeff" not in panes
    assert "\r" not in panes


def test_6_template_tokens_and_truncation_of_one_arm_call_for_a_look(team: Team) -> None:
    base: list[str | None] = [f"Answer {i}. {'So it is. ' * 30}" for i in range(12)]
    cut: list[str | None] = [f"Answer {i}. {'So it is. ' * 30} and then the" for i in range(12)]
    assert check(a_campaign(team, answers=(base, cut)), "artefacts") == "attention"


def test_6_template_tokens_are_reported(team: Team) -> None:
    base: list[str | None] = [f"Answer {i}." for i in range(12)]
    eos: list[str | None] = [f"Answer {i}, so.<|endoftext|>" for i in range(12)]
    assert check(a_campaign(team, answers=(base, eos)), "leaks") == "attention"


def test_7_an_answer_that_names_itself_is_reported_and_stays(team: Team) -> None:
    said: list[str | None] = [f"Answer {i}." for i in range(12)]
    named: list[str | None] = ["I'm Claude, made by Anthropic.", *said[:-1]]
    campaign = a_campaign(team, answers=(said, named))
    assert campaign.pairs.count() == 12
    assert check(campaign, "leaks") == "attention"


def test_8_both_texts_come_in_one_response_and_no_latency_is_shown(
    campaign: Campaign, rui: Client
) -> None:
    html = rui.get(f"/reviews/{campaign.pk}/").content.decode()
    assert "The first answer to" in html
    assert "Another answer to" in html
    for told in ("latency", "tokens", "100.0", "100 ms", "completion"):
        assert told not in html


AGGREGATES = [
    ("site:campaigns", 0),
    ("site:campaign", 1),
    ("site:campaign_results", 1),
    ("site:campaign_audit", 1),
    ("site:campaign_audit_file", 1),
    ("site:campaign_export", 1),
    ("site:studies", 0),
    ("site:runs", 0),
    ("site:versions", 0),
    ("site:test_sets", 0),
]


@pytest.mark.parametrize(("name", "takes"), AGGREGATES)
@pytest.mark.parametrize("ended", [False, True])
def test_9_reviewers_get_no_aggregate_export_or_comment(
    campaign: Campaign, rui: Client, team: Team, name: str, takes: int, ended: bool
) -> None:
    judge_all(campaign, {"rui": lambda _: "candidate", "ruth": lambda _: "tie"})
    if ended:
        unblind(campaign=campaign, by=team.olga)
    response = rui.get(reverse(name, args=[campaign.pk] * takes))
    assert response.status_code == 403
    html = response.content.decode()
    assert not any(canary in html for canary in CANARIES)


def test_9_no_write_of_an_owner_is_a_reviewers(campaign: Campaign, rui: Client) -> None:
    for name in ("unblind_campaign", "change_campaign", "invite_people"):
        answered = rui.post(reverse(f"site:{name}", args=[campaign.pk]), {"verb": "close"})
        assert answered.status_code == 403
    kept = Campaign.objects.get(pk=campaign.pk)
    assert kept.unblinded is None
    assert kept.state == "open"


def test_9_the_admin_lets_no_reviewer_in(campaign: Campaign, rui: Client) -> None:
    for model in ("judgment", "campaign", "assignment", "guess", "event"):
        answered = rui.get(f"/admin/reviews/{model}/")
        assert answered.status_code in (302, 403, 404)
        assert not any(canary in answered.content.decode() for canary in CANARIES)


def test_10_after_unblinding_nothing_is_made_or_changed(
    campaign: Campaign, rui: Client, team: Team
) -> None:
    """The page that was open when the names came out: 409 for an answer, a skip and an undo."""
    answer(deal(campaign, team.rui), team.rui)
    html = rui.get(f"/reviews/{campaign.pk}/").content.decode()
    turn = Assignment.objects.get(reviewer__user=team.rui, state="leased")
    nonce = TOKENS.findall(html)[0]
    event = unblind(campaign=campaign, by=team.olga)
    assert (event.kind, event.by) == (EventKind.UNBLINDED, team.olga)
    before = list(Judgment.objects.values_list("pk", "choice"))
    said = {"nonce": nonce, "choice": "left", "reason": "I know who wrote one of the answers"}
    for name, key in (("judge", turn.token), ("skip", turn.token), ("undo", campaign.pk)):
        assert rui.post(reverse(f"reviews:{name}", args=[key]), said).status_code == 409
    assert list(Judgment.objects.values_list("pk", "choice")) == before
    assert not isinstance(next_assignment(campaign=campaign, user=team.rui), Assignment)
    fresh = Campaign.objects.get(pk=campaign.pk)
    with pytest.raises(NamesRevealedError):
        undo(campaign=fresh, user=team.rui)


def test_10_nor_guessed_or_adjudicated(team: Team, rui: Client) -> None:
    campaign = a_campaign(team, form=Form(guess=True), design=Design())
    judge_all(campaign, {"rui": lambda _: "candidate", "ruth": lambda _: "baseline"})
    turn = Assignment.objects.filter(reviewer__user=team.rui)[0]
    unblind(campaign=campaign, by=team.olga)
    with pytest.raises(NamesRevealedError):
        record_guess(token=turn.token, user=team.rui, side="left")
    assert rui.get(reverse("reviews:adjudicate", args=[campaign.pk])).status_code == 409


def test_16_both_sides_are_rendered_alike_and_load_nothing_from_elsewhere(
    team: Team, rui: Client
) -> None:
    """What one answer brings (an image, a script, a style, a link) neither loads nor acts."""
    nasty = (
        "![x](https://leak.example/p.png) <script>alert(1)</script> <style>p{}</style>"
        '<img src="https://leak.example/q.png" onerror="alert(1)"> **bold**'
    )
    base: list[str | None] = [f"Answer {i} is **plain**." for i in range(12)]
    campaign = a_campaign(team, answers=(base, [f"{nasty} {i}" for i in range(12)]))
    response = rui.get(f"/reviews/{campaign.pk}/")
    html = response.content.decode()
    panes = re.findall(r'<section class="pane"[^>]*>', html)
    assert len(panes) == 2
    left, right = (re.sub("Left|Right", "", pane) for pane in panes)
    assert left == right
    inside = html.split('class="panes"', 1)[1].split("<form", 1)[0]
    for loads in ("<script", "<style", "<img", "<iframe", "<link", "<object"):
        assert loads not in inside
    policy = response.headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy or "default-src 'none'" in policy
    assert "https:" not in policy


def test_sides_stand_evenly_in_each_block_of_six(campaign: Campaign, team: Team) -> None:
    """What five rests on: within a reviewer's blocks the sides are even."""
    while isinstance(dealt := next_assignment(campaign=campaign, user=team.rui), Assignment):
        answer(dealt, team.rui)
    sides = Assignment.objects.order_by("turn").values_list("candidate_on_left", flat=True)
    assert [sum(block) for block in batched(sides, 6)] == [3, 3]
