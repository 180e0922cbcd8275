"""`form: guard`: how answers look, guarded beside what they say."""

import json
from pathlib import Path
from typing import Any

import pytest

from evalhub.cli.app import run as evalhub
from evalhub.decision.criterion import Criterion
from evalhub.decision.verify import verify
from evalhub.io.rows import DataError
from evalhub.ledger.decide import decide_study
from evalhub.ledger.models import Decision
from evalhub.registry.models import Output, Run
from runners.execute import process_shard
from tests.studies.desks import Desk, registered

pytestmark = pytest.mark.django_db(transaction=True)

PLAIN = "The parcel was sent to your address on Monday, and it should have been there by now."
REFUSAL = "I'm sorry, but I can't help with that. If there is anything else that you need, ask me."
GERMAN = "Das Paket ist am Montag an Ihre Adresse gegangen und sollte nun bei Ihnen sein."
MARKED_UP = "- The parcel was sent to your address on Monday\n- It should have been there by now"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    desk = Desk(tmp_path)
    asked = "Where is the parcel that was sent to me? It is not here. Its number is"
    items = ({"id": f"q{i}", "input": f"{asked} {i}.", "reference": "right"} for i in range(300))
    desk.rows("sums.jsonl", items)
    desk.answers("base", "sums", [f"{PLAIN} It is right."] * 300)
    desk.study["test_sets"]["sums"]["form"] = "guard"  # type: ignore[index]
    return desk


def decided(desk: Desk) -> dict[str, Criterion]:
    study = registered(desk)
    for run in Run.objects.all():
        while process_shard(run.pk):
            pass
    (decision,) = decide_study(study=study)
    assert not decision.document.invalid
    return {each.name: each for each in decision.document.criteria}


def tuned(desk: Desk, text: str, times: int) -> None:
    same = f"{PLAIN} It is right."
    desk.answers("tuned", "sums", [text] * times + [same] * (300 - times))


def refusal_of(desk: Desk) -> str:
    with pytest.raises(DataError) as caught:
        registered(desk)
    return str(caught.value).removeprefix(f"{desk.folder}/")


def test_one_line_makes_a_guard_of_each_form_on_the_same_answers(desk: Desk) -> None:
    study = registered(desk)
    guards = study.test_sets.exclude(form="")
    assert [(each.name, each.metric.name, each.tier) for each in guards] == [
        ("sums-refusal", "refusal", "supporting"),
        ("sums-empty", "empty", "supporting"),
        ("sums-truncation", "truncation", "supporting"),
        ("sums-repetition", "repetition", "supporting"),
        ("sums-language", "language_switch", "supporting"),
        ("sums-longer", "length", "supporting"),
        ("sums-shorter", "length", "supporting"),
        ("sums-marked-up", "markup", "supporting"),
        ("sums-plain", "markup", "supporting"),
        ("sums-json", "json_valid", "supporting"),
    ]
    sums = study.test_sets.get(name="sums")
    assert {each.test_set_version_id for each in guards} == {sums.test_set_version_id}
    assert [each.name for each in guards if each.turned] == ["sums-shorter", "sums-plain"]
    assert (Run.objects.count(), Output.objects.count()) == (4, 720)
    again = registered(desk)
    assert set(again.test_sets.values_list("pk")) == set(study.test_sets.values_list("pk"))


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("text", "times", "lost"),
    [
        (f"{REFUSAL} It is right.", 45, {"refusal"}),
        (f"{GERMAN} It is right.", 45, {"language"}),
        (f"{MARKED_UP}\n- right", 45, {"marked-up"}),
        (" ".join([PLAIN] * 6) + " It is right.", 150, {"longer", "repetition"}),
        ("right", 300, {"shorter"}),
        ('{"right": 1}', 300, {"shorter"}),
    ],
)
def test_what_drifted_fails_by_its_name_and_nothing_else_does(
    desk: Desk, text: str, times: int, lost: set[str]
) -> None:
    tuned(desk, text, times)
    found = decided(desk)
    failed = {name for name, each in found.items() if each.status == "fail"}
    assert failed == {f"sums-{each}" for each in lost}
    assert Decision.objects.get().verdict == "hold"
    assert found["sums"].status == "pass"


FENCED = '```json\n{"right": 1}\n```'


def test_json_without_its_fences_is_no_harm(desk: Desk) -> None:
    """To answer with the bare format is what such a fine-tune is for."""
    desk.answers("base", "sums", [FENCED] * 300)
    tuned(desk, '{"right": 1}', 300)
    found = decided(desk)
    assert {name for name, each in found.items() if each.status != "pass"} == {"sums-plain"}
    assert found["sums-plain"].most_lost == 0, "all that the base says is marked up"
    assert Decision.objects.get().verdict == "ship"


def test_fences_around_what_was_json_are(desk: Desk) -> None:
    desk.answers("base", "sums", ['{"right": 1}'] * 300)
    tuned(desk, FENCED, 300)
    found = decided(desk)
    assert {name for name, each in found.items() if each.status == "fail"} == {"sums-json"}
    assert Decision.objects.get().verdict == "hold"


def test_a_length_of_one_s_own_leaves_both_guards_on_it_out(desk: Desk) -> None:
    desk.study["test_sets"]["sums"]["metric"] = {"name": "length"}  # type: ignore[index]
    desk.study["test_sets"]["sums"]["margin"] = 5  # type: ignore[index]
    study = registered(desk)
    forms = set(study.test_sets.exclude(form="").values_list("form", flat=True))
    assert not forms & {"longer", "shorter"}


def test_drift_the_other_way_is_seen_too(desk: Desk) -> None:
    desk.answers("base", "sums", [f"{MARKED_UP}\n- right"] * 300)
    desk.answers("tuned", "sums", [f"{PLAIN} It is right."] * 300)
    found = decided(desk)
    assert {name for name, each in found.items() if each.status == "fail"} == {"sums-plain"}


@pytest.mark.heavy
def test_fewer_answers_that_are_cut_are_no_gain_beyond_belief(desk: Desk) -> None:
    whole = f"{PLAIN} It is right."
    rows = (
        {"id": f"q{i}", "output": whole, "finish_reason": "length" if i % 5 < 2 else "stop"}
        for i in range(300)
    )
    desk.rows("base.sums.jsonl", rows)
    tuned(desk, PLAIN + " right. " + PLAIN * 3, 300)
    found = decided(desk)
    assert found["sums-truncation"].baseline == 0.4
    assert found["sums-truncation"].lower > found["sums-truncation"].margin
    assert found["sums-shorter"].difference > found["sums-shorter"].margin
    record = Decision.objects.get().document
    assert record.jumps is None
    assert verify(Decision.objects.get().record).differences == []


@pytest.mark.heavy
def test_the_terminal_counts_the_reasons_of_guards_that_hold(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    tuned(desk, f"{GERMAN} It is right.", 45)
    assert evalhub(["study", "run", str(desk.write())]) == 1
    said = capsys.readouterr().out
    assert "✗ sums-language " in said
    assert "10 other criteria don’t fail: 8 hold, 2 open, as the table says" in said
    assert "--json gives 10 reasons more" in said
    assert said.count("sums-refusal ") == 1, "in the table alone"
    evalhub(["study", "run", str(desk.file), "--json"])
    assert any("sums-empty" in each for each in json.loads(capsys.readouterr().out)["reasons"])


def test_what_is_believed_of_a_guard_on_form_is_held_to_where_it_is_said(desk: Desk) -> None:
    rows = ({"id": f"q{i}", "output": "right", "finish_reason": "length"} for i in range(300))
    desk.rows("base.sums.jsonl", rows)
    tuned(desk, "right", 300)
    desk.study["policy"] = {"largest_gain": {"sums-truncation": 0.3}}
    decided(desk)
    jumps = Decision.objects.get().document.jumps
    assert jumps is not None
    assert [each.name for each in jumps.beyond] == ["sums-truncation"]


@pytest.mark.heavy
def test_the_same_form_holds_nothing_back_and_doubt_neither(desk: Desk) -> None:
    tuned(desk, f"{REFUSAL} It is right.", 12)
    found = decided(desk)
    assert found["sums-refusal"].status == "open"
    nothing_to_lose = {name for name, each in found.items() if each.most_lost == 0}
    others = found.keys() - nothing_to_lose - {"sums-refusal"}
    assert {found[name].status for name in others | {"triage"}} == {"pass"}
    assert nothing_to_lose == {"triage", "sums-plain", "sums-json"}
    assert Decision.objects.get().verdict == "ship"


@pytest.mark.heavy
def test_the_breakdown_is_of_the_test_sets_alone(desk: Desk) -> None:
    desk.test_set("sums", 300, tags=["parcels"])
    tuned(desk, PLAIN, 0)
    decided(desk)
    rows = Decision.objects.get().document.breakdown
    assert {each.test_set for each in rows} == {"sums"}


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ("guards", "line 26, field 'test_sets.sums.form': \"guards\" isn't one of guard"),
        ({"guards": []}, "field 'test_sets.sums.form.guards'"),
        ({"guards": ["rudeness"]}, "field 'test_sets.sums.form.guards.0'"),
        ({"margins": 0.1}, "field 'test_sets.sums.form.margins'"),
        ({"length": 0}, "field 'test_sets.sums.form.length'"),
    ],
)
def test_what_is_no_form_is_refused_where_it_stands(desk: Desk, form: Any, said: str) -> None:
    desk.study["test_sets"]["sums"]["form"] = form  # type: ignore[index]
    assert said in refusal_of(desk)


def test_some_guards_may_be_asked_and_with_another_tier(desk: Desk) -> None:
    form = {"guards": ["refusal", "longer"], "tier": "critical", "margin": 0.1, "length": 0.25}
    desk.study["test_sets"]["sums"]["form"] = form  # type: ignore[index]
    study = registered(desk)
    refusal, longer = study.test_sets.exclude(form="")
    assert (refusal.tier, refusal.margin, longer.relative_margin) == ("critical", 0.1, 0.25)


def test_what_the_test_set_is_judged_by_anyway_is_no_guard_beside(desk: Desk) -> None:
    desk.study["test_sets"]["sums"]["metric"] = {"name": "json_valid"}  # type: ignore[index]
    assert not registered(desk).test_sets.filter(name="sums-json").exists()


def test_a_development_set_has_no_guards(desk: Desk) -> None:
    sums = desk.study["test_sets"]["sums"]  # type: ignore[index]
    sums["role"] = "development"
    assert "a development set is only read" in refusal_of(desk)


def test_a_name_that_a_guard_has_is_refused(desk: Desk) -> None:
    sets: Any = desk.study["test_sets"]
    sets["sums-json"] = {**sets["triage"], "role": "guard"}
    assert "its form makes a criterion 'sums-json'" in refusal_of(desk)


def test_lengths_need_a_worst_score_where_failures_score_it(desk: Desk) -> None:
    desk.study["policy"] = {"failures": "worst"}
    assert "a length has no worst score" in refusal_of(desk)
    desk.study["test_sets"]["sums"]["form"] = {"guards": ["refusal", "empty"]}  # type: ignore[index]
    assert registered(desk).test_sets.exclude(form="").count() == 2
