"""What production is asked, next to a test set's items: on its page and in the next decision."""

import pytest

from evalhub.features.monitoring.inputs.item_slices import slices_of_item
from evalhub.features.monitoring.looking import look
from evalhub.ledger.decide import decide_study
from evalhub.ledger.models import Decision
from evalhub.ledger.verification import verify_at_home
from evalhub.registry.models import ProductionShares, TestSetVersion
from tests.cast import Team, a_run, a_study, a_test_set, a_version
from tests.features.monitoring.inputs.weeks import keeps_texts, sent, watched

pytestmark = pytest.mark.django_db


def tagged(team: Team) -> TestSetVersion:
    """100 items, of which 4 are about invoices."""
    return a_test_set(
        team,
        "support",
        items=[{"tags": ["invoice"] if i < 4 else ["route:chat"]} for i in range(100)],
    )


def asked(team: Team) -> None:
    """Three requests of each of 200 users; 30% of the users ask about invoices, in a text."""
    keeps_texts(team)
    sent(
        team,
        0,
        lambda user, _: {
            "tags": ("invoice",) if user % 10 < 3 else (),
            "route": "chat",
            "messages": ({"role": "user", "content": "Where is it? " * (1 + 50 * (user % 2))},),
        },
        users=200,
        requests=3,
    )
    look(watched(team))


def test_an_item_says_its_slices_by_its_tags_or_its_text() -> None:
    question = "Wo ist mein Paket? Ich warte seit zwei Wochen auf die Lieferung."
    assert slices_of_item(["invoice", "route:chat", "tag:late"], question, ()) == {
        "language": {"de"},
        "route": {"chat"},
        "tag": {"invoice", "late"},
        "length": {"short"},
    }
    messages = [{"role": "system", "content": "x" * 5000}, {"role": "user", "content": "y" * 600}]
    slices = slices_of_item(["language:unknown"], messages, ())
    assert (slices["language"], slices["length"]) == ({""}, {"medium"})


def test_a_test_set_s_page_has_the_largest_differences_first(team: Team) -> None:
    version = tagged(team)
    asked(team)
    shares = ProductionShares.objects.get(version=version).shares
    rows = {row.name: (row.production, row.items) for row in shares.slices}
    assert rows["tag invoice"] == (pytest.approx(0.3), 4)
    assert rows["length medium"] == (pytest.approx(0.5), 0)
    differences = [abs(row.production - of_items) for row, of_items in shares.rows]
    assert differences == sorted(differences, reverse=True)
    page = team.signed_in(team.eva).get(f"/test-sets/{version.test_set_id}/").text
    assert "Next to production" in page
    assert "tag invoice" in page


def test_the_limits_know_that_requests_of_a_user_belong_together(team: Team) -> None:
    """600 requests of 200 users who each ask about one thing are worth 200: .3 ± .065."""
    version = tagged(team)
    asked(team)
    shares = ProductionShares.objects.get(version=version).shares
    row = next(row for row in shares.slices if row.name == "tag invoice")
    assert (row.lower, row.upper) == (
        pytest.approx(0.237, abs=0.01),
        pytest.approx(0.369, abs=0.01),
    )


def test_the_next_decision_says_it_and_makes_no_other_of_it(team: Team) -> None:
    version = tagged(team)
    base, tuned = a_version(team, "base"), a_version(team, "tuned")
    a_run(base, version, scores=[0.0] * 100)
    a_run(tuned, version, scores=[1.0] * 100)
    study = a_study(team, baseline=base, candidate=tuned, primary=version)
    asked(team)
    (decision,) = decide_study(study=study)
    section = decision.document.inputs
    assert section is not None
    assert "tag invoice: 30% of the requests (24% to 37%), 4% of the items." in section.sentences
    assert verify_at_home(decision).differences == []
    ProductionShares.objects.all().delete()
    assert decide_study(study=study) == [decision]
    assert Decision.objects.count() == 1
