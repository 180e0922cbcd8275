"""A model over its versions: each decision's difference, its price, and what was promoted."""

import re

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from evalhub.features.lifecycle.promotion import promote
from evalhub.ledger.decide import decide_study
from evalhub.ledger.models import Decision
from evalhub.registry.models import ModelVersion
from tests.cast import Team, a_run, a_study, a_team, a_test_set, a_version

ITEMS = 40


def versions(team: Team, *rights: int, named: str = "") -> list[Decision]:
    """Versions v1, v2, … of one model, each decided on the same items by a study of its own."""
    questions = a_test_set(team, f"questions{named}", items=ITEMS)
    base = a_version(team, "base")
    a_run(base, questions, scores=[1] * 10 + [0] * (ITEMS - 10))
    made = []
    for i, right in enumerate(rights, 1):
        seed = i + len(named)
        tuned = a_version(team, "lora", parent=base, sampling={"seed": seed})
        scores = [1] * right + [0] * (ITEMS - right)
        said = None if right != 10 else ["right"] * 10 + [f"wrong, says {base}"] * (ITEMS - 10)
        a_run(tuned, questions, scores=scores, answers=said)
        study = a_study(
            team, baseline=base, candidate=tuned, primary=questions, slug=f"s{named}{i}"
        )
        made += decide_study(study=study)
    return made


def page_of(client: Client, number: int = 1, **asked: str) -> str:
    version = ModelVersion.objects.get(model__slug="lora", number=number)
    return client.get(reverse("site:version", args=[version.pk]), asked).text


def the_trend(page: str) -> str:
    return page.partition('id="trend"')[2].partition("</section>")[0]


def rows_of(section: str) -> list[list[str]]:
    rows = re.findall(r"<tr><th scope=\"row\">(.*?)</tr>", section)
    return [re.sub(r"<[^>]*>+", "|", row).split("||") for row in rows]


def test_each_versions_decision_is_drawn_with_its_interval_and_its_price(
    olga: Client, team: Team
) -> None:
    decisions = versions(team, 18, 30, 38)
    section = the_trend(page_of(olga))
    rows = rows_of(section)
    assert [row[0] for row in rows] == ["v1", "v2", "v3"]
    for row, decision, look in zip(rows, decisions, (1, 2, 3), strict=True):
        criterion = decision.document.criteria[0]
        assert row[2] == decision.get_verdict_display()
        assert row[4].startswith(f"+{criterion.difference:.2f} (")
        assert row[5] == f"look {look}, judged at {decision.document.alpha:.2g} of 0.025"
        assert reverse("site:record", args=[decision.pk]) in section
    assert section.count('class="interval"') == 3
    assert the_trend(page_of(olga, 3)) == section, "it is the model's, on each of its versions"


def test_a_promoted_baseline_is_drawn_where_it_was_promoted(olga: Client, team: Team) -> None:
    decisions = versions(team, 18, 38)
    promote(decision=decisions[1], by=team.olga, reason="It gains")
    section = the_trend(page_of(olga))
    assert ">v2 promoted</text>" in section
    assert ">v1 promoted</text>" not in section
    assert rows_of(section)[1][-1].startswith("yes")


def test_invalid_evidence_has_a_place_and_no_number(olga: Client, team: Team) -> None:
    decisions = versions(team, 38, 10)
    assert [each.verdict for each in decisions] == ["ship", "invalid"]
    section = the_trend(page_of(olga))
    assert rows_of(section)[1][4] == "invalid evidence shows no result"
    assert section.count('class="interval"') == 1


def test_what_was_measured_on_other_items_is_another_picture(olga: Client, team: Team) -> None:
    versions(team, 18, 30)
    versions(team, 36, named="-other")
    first = the_trend(page_of(olga))
    assert [row[0] for row in rows_of(first)] == ["v1", "v2"]
    assert "?measured=1#trend" in first
    other = the_trend(page_of(olga, measured="1"))
    assert [row[0] for row in rows_of(other)] == ["v3"]
    assert the_trend(page_of(olga, measured="nonsense")) == first


def test_before_a_decision_there_is_nothing_to_draw_and_it_says_why(
    olga: Client, team: Team
) -> None:
    base = a_version(team, "base")
    a_run(a_version(team, "lora", parent=base), a_test_set(team, items=2), scores=[0.5, 1])
    section = the_trend(page_of(olga))
    assert "its scores are sealed and there is nothing to draw" in section
    assert "<svg" not in section


def test_another_projects_decisions_are_not_drawn(olga: Client, team: Team) -> None:
    versions(team, 30)
    versions(a_team("Others", "others"), 38)
    ours = ModelVersion.objects.get(model__project=team.project, model__slug="lora")
    page = olga.get(reverse("site:version", args=[ours.pk])).text
    assert len(rows_of(the_trend(page))) == 1


def test_many_versions_take_as_many_queries_as_two(olga: Client, team: Team) -> None:
    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            page_of(olga)
        return len(queries)

    versions(team, 18, 30)
    asked()
    few = asked()
    versions(team, 20, 24, 28, 32, named="-more")
    assert asked() == few
