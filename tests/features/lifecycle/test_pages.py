"""A decision's page makes the champion; a version's page takes it back, retires and brings back."""

import pytest
from django.test import Client
from django.urls import reverse

from evalhub.features.lifecycle.moves import put_in_shadow, reopen, retire
from evalhub.features.lifecycle.promotion import promote
from evalhub.features.lifecycle.rollback import roll_back
from evalhub.ledger.models import Decision, Promotion, StageMove
from evalhub.ledger.signoff import sign_off
from evalhub.registry.models import ModelVersion
from tests.cast import Team, a_version
from tests.features.lifecycle.test_promotion import decided
from tests.site.test_evidence import read
from tests.site.test_query_counts import queries

pytestmark = pytest.mark.django_db


@pytest.fixture
def shipped(team: Team) -> Decision:
    """tuned v1 beats base v1, and nothing is champion yet."""
    base = a_version(team, "base")
    return decided(team, base, a_version(team, "tuned", parent=base), slug="first")


def named(model: str) -> ModelVersion:
    return ModelVersion.objects.get(model__slug=model)


def page(decision: Decision) -> str:
    return reverse("site:record", args=[decision.pk])


def promoted(client: Client, decision: Decision, **said: str) -> tuple[int, str]:
    """What comes of the form on a decision's page, and how the next page reads."""
    answer = client.post(reverse("site:promote", args=[decision.pk]), said, follow=True)
    return answer.status_code, read(answer.text)


def moved(client: Client, model: str, **said: str) -> tuple[int, str]:
    """The same on a version's page."""
    address = reverse("site:move_version", args=[named(model).pk])
    answer = client.post(address, said, follow=True)
    return answer.status_code, read(answer.text)


def version_page(client: Client, model: str) -> str:
    return read(client.get(reverse("site:version", args=[named(model).pk])).text)


def test_a_decision_s_page_makes_the_first_champion_and_then_its_candidate(
    eva: Client, shipped: Decision
) -> None:
    before = eva.get(page(shipped)).text
    assert "Make tuned v1 the champion" in before
    assert "Or make base v1 the first champion" in before
    status, first = promoted(eva, shipped, arm="baseline", reason="It runs.")
    assert (status, "base v1 is the champion of support-desk. Your reason" in first) == (200, True)
    assert "base v1 is retired by it, and can be rolled back to" in first
    _, second = promoted(eva, shipped, arm="candidate", reason="Better.")
    assert "tuned v1, the candidate here, is the project’s champion by now" in second
    assert "By it base v1 became the champion: eva" in second
    assert "Make tuned v1" not in second


def test_the_same_form_sent_twice_is_one_promotion(eva: Client, shipped: Decision) -> None:
    for _ in range(2):
        assert promoted(eva, shipped, reason="Better.")[0] == 200
    assert (Promotion.objects.count(), StageMove.objects.count()) == (2, 3), (
        "the baseline came first"
    )


def test_a_decision_that_can_promote_nothing_says_why(
    eva: Client, team: Team, shipped: Decision
) -> None:
    held = decided(
        team, named("base"), a_version(team, "worse", parent=named("base")), gain=-18, slug="held"
    )
    said = read(eva.get(page(held)).text)
    assert f"worse v1 can’t become the champion by it: decision {held.pk} is no" in said
    assert "Make base v1 the first champion" in said
    promoted(eva, shipped, reason="Better.")
    later = read(eva.get(page(held)).text)
    assert "The project’s champion is another one: tuned v1" in later
    assert "base v1, which it was judged against" not in later, "there is a first one"


def test_what_is_refused_keeps_what_was_typed_and_says_why(eva: Client, shipped: Decision) -> None:
    status, said = promoted(eva, shipped, reason="  ")
    assert (status, "Not done: who moves a version says why: give a reason." in said) == (409, True)
    shipped.study.test_sets.update(min_gain=0.5)
    status, said = promoted(eva, shipped, reason="Better.")
    assert status == 409
    assert "Not done: decision" in said
    assert "first-items must gain more than 0.5 (was 0). Decide again first" in said
    assert not Promotion.objects.exists()


def test_a_champion_is_rolled_back_on_its_page(eva: Client, team: Team, shipped: Decision) -> None:
    promote(decision=shipped, by=team.olga, reason="It runs.", arm="baseline")
    assert "It is the first champion: there is none to roll back to" in version_page(eva, "base")
    promote(decision=shipped, by=team.olga, reason="Better.")
    assert "base v1 (the one before)" in version_page(eva, "tuned")
    base = str(named("base").pk)
    status, said = moved(eva, "tuned", verb="rollback", to=base, reason="Too slow.")
    assert (status, "base v1 is the champion of support-desk" in said) == (200, True)
    assert "tuned v1 was rolled back to base v1, on decision" in said
    assert named("tuned").stage == "retired"
    again, said = moved(eva, "tuned", verb="rollback", to=base, reason="Too slow.")
    assert (again, StageMove.objects.count()) == (200, 5)
    refused, said = moved(eva, "tuned", verb="rollback", to=base, reason="Down.")
    assert refused == 409
    assert "Not done: tuned v1 was rolled back already, by eva" in said


def test_a_candidate_is_given_up_and_brought_back_on_its_page(
    eva: Client, shipped: Decision
) -> None:
    status, said = moved(eva, "tuned", verb="retire", reason="Licence.")
    assert (status, "tuned v1 is retired. Your reason" in said) == (200, True)
    assert "can’t become the champion by it: tuned v1 is retired since" in read(
        eva.get(page(shipped)).text
    )
    _, said = moved(eva, "tuned", verb="reopen", reason="It goes on.")
    assert "was brought back as a candidate, by an override" in said
    assert moved(eva, "tuned", verb="explode", reason="Why not.")[0] == 400


@pytest.mark.usefixtures("shipped")
def test_a_candidate_is_put_in_shadow_and_taken_out_of_it_on_its_page(
    eva: Client, olga: Client
) -> None:
    status, said = moved(eva, "tuned", verb="shadow", reason="A tenth is mirrored.")
    assert (status, "tuned v1 is in shadow. Your reason" in said) == (200, True)
    assert "Stage: shadow" in said
    assert "tuned v1 was put in shadow" in said
    assert "Put it in shadow" not in said
    assert "Retire tuned v1" in said
    assert "Override: make tuned v1 the champion" in version_page(olga, "tuned")
    rows = eva.get(reverse("site:versions"), {"stage": "shadow"}).context["listed"].page
    assert [str(row) for row in rows] == ["tuned v1"]
    _, said = moved(eva, "tuned", verb="reopen", reason="The mirror is off.")
    assert "tuned v1 left the shadow: a candidate again" in said
    assert "Stage: candidate" in said


@pytest.mark.usefixtures("shipped")
def test_an_override_is_an_owner_s_and_said_wherever_the_champion_is(
    eva: Client, olga: Client, team: Team
) -> None:
    form = "Override: make tuned v1 the champion"
    assert form not in version_page(eva, "tuned")
    assert form in version_page(olga, "tuned")
    status, said = moved(olga, "tuned", verb="override", reason="Law.")
    loud = "an override: no decision made it so"
    assert (status, loud in said) == (200, True)
    decision = Decision.objects.get()
    for name, pk in (("study", decision.study_id), ("record", decision.pk)):
        assert loud in read(eva.get(reverse(f"site:{name}", args=[pk])).text), name
    home = read(eva.get("/").text)
    assert "What runs now" in home
    assert loud in home
    assert loud in version_page(eva, "base")


def test_the_home_tells_of_ships_against_the_champion_that_nobody_has_promoted(
    eva: Client, team: Team, shipped: Decision
) -> None:
    title = "Ships that nobody has promoted"
    assert title not in eva.get("/").text, "nobody promotes anything here"
    promote(decision=shipped, by=team.olga, reason="It runs.", arm="baseline")
    home = read(eva.get("/").text)
    assert "tuned ships against the champion in First, and nobody has promoted it since" in home
    put_in_shadow(version=named("tuned"), by=team.eva, reason="Mirrored.")
    assert title in eva.get("/").text, "in shadow or not"
    retire(version=named("tuned"), by=team.eva, reason="Its licence ends.")
    assert title not in eva.get("/").text
    reopen(version=named("tuned"), by=team.eva, reason="It goes on.")
    sign_off(decision=shipped, by=team.olga, verdict="hold", reason="Legal.")
    assert title not in eva.get("/").text
    sign_off(decision=shipped, by=team.olga, verdict="ship", reason="Legal agrees.")
    assert title in eva.get("/").text
    promote(decision=shipped, by=team.eva, reason="Better.")
    assert title not in eva.get("/").text


def test_the_overview_says_which_version_a_project_runs(
    olga: Client, team: Team, shipped: Decision
) -> None:
    assert "runs tuned v1" not in read(olga.get("/overview/").text)
    few = queries(olga, "/overview/")
    promote(decision=shipped, by=team.olga, reason="Better.")
    assert "Support desk runs tuned v1" in read(olga.get("/overview/").text)
    assert queries(olga, "/overview/") == few


def test_the_list_of_versions_is_narrowed_by_stage(
    eva: Client, team: Team, shipped: Decision
) -> None:
    promote(decision=shipped, by=team.olga, reason="It runs.", arm="baseline")
    promote(decision=shipped, by=team.olga, reason="Better.")
    for stage, name in (("champion", "tuned v1"), ("retired", "base v1")):
        listed = eva.get(reverse("site:versions"), {"stage": stage}).text
        assert f">{name}</a>" in listed
        assert listed.count('<span class="tag">') == 1


def test_a_page_takes_as_many_queries_for_ten_times_as_many_moves(
    eva: Client, team: Team, shipped: Decision
) -> None:
    promote(decision=shipped, by=team.olga, reason="It runs.", arm="baseline")
    promote(decision=shipped, by=team.olga, reason="Better.")
    tuned, base = named("tuned"), named("base")
    pages = ["/", reverse("site:version", args=[base.pk]), page(shipped)]
    eva.get("/")
    roll_back(version=tuned, by=team.olga, reason="Too slow.")
    few = [queries(eva, each) for each in pages]
    for _ in range(5):
        roll_back(version=base, by=team.olga, reason="Fast again.", to=tuned)
        roll_back(version=tuned, by=team.olga, reason="Too slow.", to=base)
    assert StageMove.objects.count() > 20
    assert [queries(eva, each) for each in pages] == few
