"""A live experiment's study: in no list, refused by name, and its decisions as good as any."""

import json
from collections.abc import Callable
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from evalhub.accounts.models import LogEntry
from evalhub.cli.app import run
from evalhub.features.experiments.assessing.assess import assess, keep_decision
from evalhub.features.experiments.ending import roll_back_experiment, stop_experiment
from evalhub.features.lifecycle.promotion import (
    PromotionError,
    StaleDecisionError,
    override_champion,
    promote,
)
from evalhub.features.webhooks.events import KERNEL_EVENTS
from evalhub.ledger.models import Decision, Promotion
from evalhub.ledger.signoff import sign_off
from evalhub.ledger.staleness import changes_since
from evalhub.registry.models import Study
from evalhub.studies.run.advance import advance_studies
from tests.api.conftest import Program
from tests.cast import Team, a_run, a_study, a_test_set, a_version
from tests.features.experiments.decisions_of import (
    NOW,
    START,
    a_live_decision,
    add_both,
    an_experiment_since,
)
from tests.features.experiments.experiments_of import a_pair, an_experiment
from tests.features.experiments.prediction.pairs_of import an_offline_decision

pytestmark = [pytest.mark.django_db, pytest.mark.heavy]

Capture = pytest.CaptureFixture[str]
Programs = Callable[..., Program]

REFUSED = "is a live experiment, and no study"


def test_it_is_in_no_list_of_studies(team: Team, olga: Client, program: Programs) -> None:
    decision = a_live_decision(team, "ship")
    assert Study.with_live.live().get() == decision.study
    assert not Study.objects.exists()
    assert not team.project.studies.exists()
    studies = olga.get(reverse("site:studies")).content.decode()
    assert "Try the adapter" not in studies
    assert program().get("/studies").json()["results"] == []
    found = olga.get(reverse("site:search"), {"q": "adapter"}).content.decode()
    assert reverse("site:study", args=[decision.study_id]) not in found


@pytest.mark.parametrize(
    ("verb", "body"),
    [
        ("/decisions", None),
        ("/cancel", None),
        ("/resume", None),
        ("/copies", {"name": "Again"}),
        ("/policy", {"policy": {"alpha": 0.01}}),
    ],
)
def test_rest_refuses_it_as_a_study(
    team: Team, program: Programs, verb: str, body: dict[str, Any] | None
) -> None:
    path = f"/studies/{an_experiment_since(team).study.slug}{verb}"
    response = program().post(path, body)
    assert response.status_code == 409, response.content
    assert REFUSED in response.json()["detail"]


@pytest.mark.parametrize("below", ["", "/gate"])
def test_rest_says_what_it_is(team: Team, program: Programs, below: str) -> None:
    response = program().get(f"/studies/{an_experiment_since(team).study.slug}{below}")
    assert response.status_code == 409
    assert REFUSED in response.json()["detail"]


def test_a_review_and_an_export_of_it_are_refused(team: Team, program: Programs) -> None:
    slug, by = an_experiment_since(team).study.slug, program()
    review = by.post("/campaigns", {"study": slug, "test_set": "any"})
    export = by.get("/exports/answers", study=slug)
    for response in (review, export):
        assert response.status_code == 409, response.content
        assert REFUSED in response.json()["detail"]


@pytest.mark.parametrize(
    "command",
    [
        "study retry support-desk/STUDY",
        "export study --study STUDY --project support-desk --out OUT",
        "cost STUDY --project support-desk",
        "policy change --study STUDY --project support-desk --by olga --set alpha=0.01",
    ],
)
@pytest.mark.django_db(transaction=True)
def test_commands_refuse_it_as_a_study(
    team: Team, command: str, tmp_path: Path, capsys: Capture
) -> None:
    slug = an_experiment_since(team).study.slug
    arguments = command.replace("STUDY", slug).replace("OUT", str(tmp_path / "out")).split()
    assert run(arguments) == 64
    assert REFUSED in " ".join(capsys.readouterr().err.split())


def test_no_study_takes_its_name(team: Team, program: Programs) -> None:
    an_experiment_since(team)
    body = {"name": "Try the adapter", "baseline": "a", "arms": {}, "test_sets": {}}
    response = program().post("/studies", body)
    assert response.status_code in (400, 409)
    assert Study.with_live.count() == 1


def test_nobody_advances_it(team: Team) -> None:
    experiment = an_experiment_since(team)
    advance_studies()
    assert not experiment.study.decisions.exists()


def test_its_page_leads_to_the_experiment(team: Team, olga: Client, stranger: Client) -> None:
    experiment = an_experiment_since(team)
    address = reverse("site:study", args=[experiment.study_id])
    response = olga.get(address)
    assert response.status_code == 302
    assert response["Location"] == reverse("site:experiment", args=[experiment.pk])
    assert stranger.get(address).status_code in (403, 404)


def test_webhooks_are_told_of_its_decision_with_its_address(team: Team) -> None:
    decision = a_live_decision(team, "ship")
    experiment = decision.study.experiment
    (event,) = KERNEL_EVENTS["decision.made"](team.project, START)
    assert event.data["experiment"] == experiment.pk
    assert event.data["url"].endswith(reverse("site:experiment", args=[experiment.pk]))


def ended(decision: Decision, team: Team) -> Decision:
    """The decision, once its experiment has ended: until then the challenger is a canary."""
    stop_experiment(experiment=decision.study.experiment, by=team.olga, reason="It is seen.")
    return decision


def test_its_ship_makes_the_challenger_the_champion(team: Team) -> None:
    decision = a_live_decision(team, "ship")
    assert not Decision.objects.to_be_promoted().exists(), "its experiment goes on"
    assert changes_since(ended(decision, team)) == []
    assert list(Decision.objects.to_be_promoted()) == [decision]
    promotion = promote(decision=decision, by=team.eva, reason="Users meet fewer errors.")
    assert promotion.version == decision.study.experiment.challenger
    assert changes_since(decision) == [], "what was found still holds"
    assert not Decision.objects.to_be_promoted().exists()


def test_what_is_no_ship_is_promoted_once_somebody_answers_for_it(team: Team) -> None:
    decision = ended(a_live_decision(team, "need-more-data"), team)
    with pytest.raises(PromotionError, match="is no ship"):
        promote(decision=decision, by=team.eva, reason="Soon.")
    sign_off(decision=decision, by=team.olga, reason="It is cheaper.", verdict="ship")
    assert promote(decision=decision, by=team.eva, reason="Signed.").decision == decision


def test_another_champion_alone_makes_it_stale(team: Team) -> None:
    decision = ended(a_live_decision(team, "ship"), team)
    assert changes_since(decision) == []
    assert not Decision.objects.with_news().filter(pk=decision.pk).exists()
    other = a_version(team, "other", sampling={"temperature": 0.7})
    override_champion(version=other, by=team.olga, reason="It is new.")
    (change,) = changes_since(decision)
    assert change.sentence.startswith("The project's champion is other")
    assert list(Decision.objects.with_news()) == [decision]
    with pytest.raises(StaleDecisionError, match="champion is other"):
        promote(decision=decision, by=team.eva, reason="It shipped.")


def test_home_asks_nobody_to_decide_again_on_it(team: Team, olga: Client) -> None:
    decision = a_live_decision(team, "hold")
    home = olga.get("/").content.decode()
    assert decision.document.headline in home
    ended(decision, team)
    other = a_version(team, "other", sampling={"temperature": 0.7})
    override_champion(version=other, by=team.olga, reason="It is new.")
    assert "Look and decide again" not in olga.get("/").content.decode()


def test_its_record_s_pages_speak_of_users(team: Team, olga: Client) -> None:
    decision = a_live_decision(team, "need-more-data")
    page = olga.get(reverse("site:record", args=[decision.pk])).content.decode()
    assert "600 users of a live experiment" in page
    verified = olga.post(reverse("site:verify_decision", args=[decision.pk])).content.decode()
    assert 'class="fail"' not in verified
    criterion = olga.get(reverse("site:criterion", args=[decision.pk, 1])).content.decode()
    assert "errors over users" in criterion
    assert "<dt>Users</dt><dd>600</dd>" in criterion
    assert "Won" not in criterion
    signed = olga.post(
        reverse("site:sign", args=[decision.pk]), {"reason": "Seen.", "verdict": "hold"}
    )
    assert signed.status_code == 302
    assert decision.sign_offs.get().verdict == "hold"


def test_its_record_s_page_claims_no_ledger_and_no_study(team: Team, olga: Client) -> None:
    decision = a_live_decision(team, "ship")
    page = olga.get(reverse("site:record", args=[decision.pk])).text
    assert reverse("site:experiments", args=["support-desk"]) in page
    for false in ("registered in the ledger", "the study went on by itself", "every item, answer"):
        assert false not in page
    assert "no look is counted" in page
    assert "promote it there (evalhub experiment promote)" in page


def test_the_decision_that_let_it_begin_says_how_it_ended(team: Team, olga: Client) -> None:
    champion, challenger = a_pair(team)
    decision = an_offline_decision(team, champion, challenger)
    address = reverse("site:record", args=[decision.pk])
    assert "Live experiments" not in olga.get(address).text
    experiment = an_experiment(team)
    assert experiment.decision == decision
    page = olga.get(address).text
    assert reverse("site:experiment", args=[experiment.pk]) in page
    assert ">running<" in page
    roll_back_experiment(experiment=experiment, by=team.eva, reason="Users complain.")
    page = olga.get(address).text
    assert "rolled back" in page
    assert "Users complain." in page


def test_what_a_live_experiment_spoke_against_is_promoted_by_no_earlier_decision(
    team: Team, olga: Client
) -> None:
    champion, challenger = a_pair(team)
    decision = an_offline_decision(team, champion, challenger)
    reminder = "nobody has promoted it"
    assert reminder in unescape(olga.get("/").text)
    held = a_live_decision(team, "hold")
    assert held.study.experiment.decision == decision
    ended(held, team)
    assert reminder not in unescape(olga.get("/").text)
    with pytest.raises(PromotionError, match=f"decision {held.pk} holds lora v1 back"):
        promote(decision=decision, by=team.eva, reason="It shipped offline.")
    sign_off(decision=held, by=team.olga, reason="The client was at fault.", verdict="ship")
    assert promote(decision=decision, by=team.eva, reason="Signed.").version == challenger


def test_nobody_is_reminded_of_what_was_rolled_back(team: Team, olga: Client) -> None:
    decision = a_live_decision(team, "ship")
    roll_back_experiment(
        experiment=decision.study.experiment, by=team.eva, reason="Users complain."
    )
    assert list(Decision.objects.to_be_promoted()) == [decision]
    assert "nobody has promoted it" not in unescape(olga.get("/").text)


def test_no_picture_of_studies_has_it(team: Team, olga: Client) -> None:
    decision = a_live_decision(team, "invalid")
    version = decision.study.experiment.challenger_id
    page = olga.get(reverse("site:version", args=[version])).text
    assert "No study has judged a version of lora yet" in page


def test_home_of_a_project_that_has_nothing_else_is_no_first_visit(
    team: Team, olga: Client
) -> None:
    assert "Nothing has been compared here yet" in olga.get("/").text
    an_experiment(team)
    assert "Nothing has been compared here yet" not in olga.get("/").text


def test_the_log_and_the_chain_have_its_decision(team: Team, program: Programs) -> None:
    decision = a_live_decision(team, "hold")
    assert LogEntry.objects.filter(what=f"{decision.in_the_log}Try the adapter").exists()
    assert decision.document.ledger_head is not None
    shown = program().get(f"/decisions/{decision.pk}")
    assert shown.status_code == 200
    assert shown.json()["record"]["exposure"]["exposed"] == 2000


def test_a_changed_verdict_is_a_decision_of_its_own(team: Team) -> None:
    experiment = an_experiment_since(team)
    add_both(experiment, (300, 30), (300, 28))
    first = keep_decision(experiment=experiment, record=assess(experiment, NOW).record, by=None)
    add_both(experiment, (1500, 200), (1500, 30), group="more")
    second = keep_decision(experiment=experiment, record=assess(experiment, NOW).record, by=None)
    assert [row.verdict for row in (first, second)] == ["need-more-data", "ship"]
    (change,) = changes_since(first)
    assert change.sentence == "A newer decision on challenger was made"


def test_an_offline_study_beside_it_is_as_it_was(team: Team, program: Programs) -> None:
    an_experiment_since(team)
    questions = a_test_set(team, items=10)
    other, tuned = a_version(team, "one"), a_version(team, "two")
    for version in (other, tuned):
        a_run(version, questions, scores=[1.0, 0.0] * 5)
    study = a_study(team, baseline=other, candidate=tuned, primary=questions)
    assert [each["slug"] for each in program().get("/studies").json()["results"]] == [study.slug]
    assert Promotion.objects.current(team.project) is not None


def test_it_is_attested_as_any_record(team: Team, tmp_path: Path, capsys: Capture) -> None:
    record = tmp_path / "record.json"
    record.write_text(json.dumps(a_live_decision(team, "ship").record))
    key = tmp_path / "release.key"
    assert run(["decision", "keygen", str(key)]) == 0
    signed = tmp_path / "signed.json"
    assert run(["decision", "attest", str(record), "--key", str(key), "--out", str(signed)]) == 0
    public = next(path for path in tmp_path.iterdir() if path.suffix == ".pub")
    assert run(["decision", "verify", str(signed), "--key", str(public)]) == 0
