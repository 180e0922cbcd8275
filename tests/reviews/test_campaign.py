"""Opening and closing a campaign."""

from collections import Counter
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError

from evalhub.registry.models import Output, Run
from reviews.assign import End, next_assignment
from reviews.campaign import (
    close_campaign,
    open_campaign,
    pause_campaign,
    plan_hash,
    resume_campaign,
)
from reviews.design import Design, Known
from reviews.errors import CampaignEndedError, PlanError
from reviews.form import Form
from reviews.invite import invite
from reviews.models import Campaign, Pair
from reviews.results import judgments
from tests.cast import Team, a_run, a_study, a_test_set, a_version
from tests.reviews.conftest import a_campaign


@pytest.fixture
def asked(team: Team) -> dict[str, Any]:
    """What `open_campaign` is asked: six of ten items, of two tags."""
    questions = a_test_set(team, items=10, tags=["dates", "sums"])
    base, lora = a_version(team, "plain-base"), a_version(team, "shiny-lora")
    return {
        "baseline_run": a_run(base, questions, scores=[1] * 10, answers=["one"] * 10),
        "candidate_run": a_run(lora, questions, scores=[1] * 10, answers=["two"] * 10),
        "study": a_study(team, baseline=base, candidate=lora, primary=questions),
        "items": 6,
        "reviewers_per_item": 2,
        "seed": 11,
        "question": "Which answer is better?",
    }


def test_the_plan_is_sealed_by_its_hash(asked: dict[str, Any]) -> None:
    campaign = open_campaign(**asked)
    assert campaign.plan_hash == plan_hash(campaign.plan)
    assert campaign.plan["items"] == list(campaign.pairs.values_list("item__key", flat=True))
    assert campaign.plan["strata"] == {
        "dates": {"different": 5, "sampled": 3},
        "sums": {"different": 5, "sampled": 3},
    }
    assert plan_hash(campaign.plan | {"reviewers_per_item": 3}) != campaign.plan_hash


def test_the_same_plan_is_the_same_campaign(asked: dict[str, Any]) -> None:
    first = open_campaign(**asked)
    assert open_campaign(**asked) == first
    assert Pair.objects.count() == 6
    assert open_campaign(**asked | {"seed": 12}) != first


def test_strata_given_by_the_caller_win_over_tags(asked: dict[str, Any]) -> None:
    lost = {f"q{i:04}": "lost" for i in range(4)}
    campaign = open_campaign(**asked | {"strata": lost, "items": 5})
    assert campaign.plan["strata"]["lost"] == {"different": 4, "sampled": 2}


def test_identical_and_missing_answers_are_counted_but_not_dealt(team: Team) -> None:
    campaign = a_campaign(
        team,
        items=4,
        answers=(["same", "x", "lone", '{"a":1}'], ["same \r\n", "y", None, '{"a": 1}']),
    )
    assert campaign.pairs.count() == 1
    found = judgments(campaign)
    assert (found.different, found.identical, found.unpaired) == (1, 2, 1)
    assert found.share_different == pytest.approx(1 / 3)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"items": 0}, "items is 0; use 1 or more"),
        ({"reviewers_per_item": 0}, "reviewers_per_item is 0; use 1 or more"),
        ({"seed": -1}, "seed is -1; use 0 or more"),
        ({"question": " "}, "question is empty"),
        ({"question": "Is Shiny-LoRA better?"}, "question names an arm"),
    ],
)
def test_a_plan_that_cannot_be_is_refused(
    asked: dict[str, Any], wrong: dict[str, Any], said: str
) -> None:
    with pytest.raises(PlanError, match=said):
        open_campaign(**asked | wrong)
    assert not Campaign.objects.exists()


def test_a_word_that_only_contains_an_arm_s_name_is_fine(asked: dict[str, Any]) -> None:
    asked["study"].arms.filter(role="baseline").update(name="base")
    question = "Which answer is based on the policy?"
    assert open_campaign(**asked | {"question": question}).question == question


def test_runs_of_different_test_sets_are_refused(asked: dict[str, Any], team: Team) -> None:
    other = a_test_set(team, "other", items=1)
    run = a_run(asked["candidate_run"].version, other, scores=[1])
    with pytest.raises(PlanError, match="different test sets"):
        open_campaign(**asked | {"candidate_run": run})


def test_a_version_is_not_compared_with_itself(asked: dict[str, Any]) -> None:
    run: Run = asked["baseline_run"]
    with pytest.raises(PlanError, match="nothing to compare"):
        open_campaign(**asked | {"candidate_run": run})


def test_arms_that_answered_alike_leave_nothing_to_ask(team: Team) -> None:
    with pytest.raises(PlanError, match="3 are identical, 0 have no answer"):
        a_campaign(team, items=3, answers=(["a", "b", "c"], ["a", "b", "c"]))


def test_a_closed_campaign_deals_nothing(campaign: Campaign, team: Team) -> None:
    close_campaign(campaign=campaign)
    assert next_assignment(campaign=campaign, user=team.rui) == End("closed")


def test_a_study_with_a_campaign_cannot_be_deleted(campaign: Campaign) -> None:
    study = campaign.study
    assert study is not None
    with pytest.raises(ProtectedError):
        study.delete()


def test_the_database_refuses_a_seat_too_many(campaign: Campaign) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        campaign.pairs.update(taken=3)


def test_every_field_of_a_sealed_plan_is_refused_a_change_by_the_database(
    campaign: Campaign,
) -> None:
    changed: dict[str, Any] = {
        "plan": {},
        "plan_hash": "0" * 64,
        "form": {"steps": True},
        "question": "Another?",
        "reviewers_per_item": 9,
        "seed": 99,
        "requires": ["de"],
        "invited_only": True,
    }
    for field, value in changed.items():
        with pytest.raises(IntegrityError, match="sealed plan"), transaction.atomic():
            Campaign.objects.filter(pk=campaign.pk).update(**{field: value})
    campaign.question = "Another?"
    with pytest.raises(IntegrityError, match="sealed plan"), transaction.atomic():
        campaign.save()


def test_a_pair_of_a_sealed_plan_cannot_be_changed_but_its_seats_be_taken(
    campaign: Campaign,
) -> None:
    other = campaign.pairs.latest("position")
    changed: dict[str, Any] = {
        "kind": "gold",
        "expected": "tie",
        "stratum": "else",
        "seats": 5,
        "position": 999,
        "candidate_output": other.baseline_output,
    }
    first = campaign.pairs.order_by("position")[:1].values("pk")
    for field, value in changed.items():
        with pytest.raises(IntegrityError, match="sealed plan"), transaction.atomic():
            Pair.objects.filter(pk__in=first).update(**{field: value})
    assert Pair.objects.filter(pk__in=first).update(taken=1) == 1


def test_no_verb_changes_a_sealed_plan(campaign: Campaign, team: Team) -> None:
    sealed = campaign.plan_hash
    pause_campaign(campaign=campaign, by=team.olga)
    resume_campaign(campaign=campaign, by=team.olga)
    next_assignment(campaign=campaign, user=team.rui)
    invite(campaign=campaign, email="nora@example.org", by=team.olga)
    close_campaign(campaign=campaign, by=team.olga)
    campaign.refresh_from_db()
    assert campaign.plan_hash == plan_hash(campaign.plan) == sealed


def test_another_plan_is_another_campaign_in_place_of_the_first(
    asked: dict[str, Any], team: Team
) -> None:
    first = open_campaign(**asked)
    second = open_campaign(**asked | {"seed": 12, "supersedes": first, "by": team.olga})
    first.refresh_from_db()
    assert second.supersedes == first
    assert (first.state, first.ended) == ("closed", "another plan took its place")
    assert [each.kind for each in first.events.all()] == ["opened", "closed"]
    assert second.events.get().by == team.olga


def test_pausing_and_resuming_are_recorded_once_each(campaign: Campaign, team: Team) -> None:
    for _ in range(2):
        pause_campaign(campaign=campaign, by=team.olga)
    assert next_assignment(campaign=campaign, user=team.rui) == End("paused")
    for _ in range(2):
        resume_campaign(campaign=campaign)
    assert not isinstance(next_assignment(campaign=campaign, user=team.rui), End)
    assert [each.kind for each in campaign.events.all()] == ["opened", "paused", "resumed"]


def test_a_closed_campaign_is_neither_paused_nor_resumed(campaign: Campaign) -> None:
    close_campaign(campaign=campaign)
    for verb in (pause_campaign, resume_campaign):
        with pytest.raises(CampaignEndedError):
            verb(campaign=campaign)


def kinds(campaign: Campaign) -> Counter[str]:
    return Counter(campaign.pairs.values_list("kind", flat=True))


def test_several_arms_are_compared_two_by_two(asked: dict[str, Any], team: Team) -> None:
    third = a_version(team, "third")
    run = a_run(
        third, asked["baseline_run"].test_set_version, scores=[1] * 10, answers=["three"] * 10
    )
    campaign = open_campaign(**asked | {"other_runs": [run]})
    assert campaign.pairs.count() == 6 * 3
    compared = Counter(
        campaign.pairs.values_list(
            "baseline_output__run__version__model__slug",
            "candidate_output__run__version__model__slug",
        )
    )
    assert compared == {
        ("plain-base", "shiny-lora"): 6,
        ("plain-base", "third"): 6,
        ("shiny-lora", "third"): 6,
    }
    against = open_campaign(
        **asked | {"other_runs": [run], "design": Design(combinations="baseline")}
    )
    assert against.pairs.count() == 6 * 2
    assert len(campaign.plan["items"]) == 6
    assert judgments(campaign).pairs == 6, "the gate asks about candidate and baseline alone"


def test_answers_are_rated_one_by_one(asked: dict[str, Any]) -> None:
    form = Form.of(
        {"dimensions": [{"name": "polite", "question": "How polite?", "kind": "rating"}]}
    )
    campaign = open_campaign(**asked | {"form": form})
    assert campaign.kind == "ratings"
    assert campaign.pairs.count() == 6 * 2
    assert not campaign.pairs.exclude(candidate_output=None).exists()
    positions = {
        slug: list(
            campaign.pairs.filter(baseline_output__run__version__model__slug=slug).values_list(
                "position", flat=True
            )
        )
        for slug in ("plain-base", "shiny-lora")
    }
    assert max(positions["plain-base"]) > min(positions["shiny-lora"])
    assert max(positions["shiny-lora"]) > min(positions["plain-base"])


def test_ratings_have_no_control_pairs(asked: dict[str, Any]) -> None:
    form = Form.of({"dimensions": [{"name": "ok", "question": "Is it?", "kind": "rating"}]})
    with pytest.raises(PlanError, match="repeats watch over them"):
        open_campaign(**asked | {"form": form, "design": Design(controls=0.1)})


def test_control_pairs_show_two_answers_of_one_arm(asked: dict[str, Any]) -> None:
    run: Run = asked["baseline_run"]
    for item in run.test_set_version.items.all():
        Output.objects.create(run=run, item=item, sample=1, text="one again")
    campaign = open_campaign(**asked | {"design": Design(controls=0.5)})
    assert kinds(campaign) == {"main": 6, "control": 3}
    for pair in campaign.pairs.filter(kind="control"):
        assert pair.candidate_output is not None
        assert pair.baseline_output.run == pair.candidate_output.run
        if pair.baseline_output.run == run:
            assert pair.candidate_output.text == "one again"
        else:
            assert pair.candidate_output == pair.baseline_output, "it has no second answer"


def test_a_repeat_run_gives_control_pairs_their_second_answers(asked: dict[str, Any]) -> None:
    run: Run = asked["candidate_run"]
    again = Run.objects.create(
        version=run.version, test_set_version=run.test_set_version, repeat=1, state="done"
    )
    for item in run.test_set_version.items.all():
        Output.objects.create(run=again, item=item, text="two, put otherwise")
    campaign = open_campaign(**asked | {"design": Design(controls=0.5)})
    seconds = set(
        campaign.pairs.filter(kind="control", baseline_output__run=run).values_list(
            "candidate_output__text", flat=True
        )
    )
    assert seconds == {"two, put otherwise"}


def test_gold_and_practice_are_pairs_of_which_the_metric_is_certain(team: Team) -> None:
    campaign = a_certain_campaign(team, Design(gold=0.5, practice=4))
    assert kinds(campaign) == {"main": 8, "gold": 4, "practice": 4}
    known = campaign.pairs.exclude(kind="main")
    for pair in known:
        right = pair.candidate_output if pair.expected == "candidate" else pair.baseline_output
        assert right is not None
        assert str(right.text).startswith("right")
    assert Counter(known.values_list("kind", "expected")) == {
        (kind, side): 2 for kind in ("gold", "practice") for side in ("baseline", "candidate")
    }
    items = campaign.pairs.values_list("item", flat=True)
    assert len(set(items)) == len(items), "nobody meets an item of one kind again in another"
    assert campaign.pairs.latest("position").kind == "practice"


def test_what_the_owner_knows_is_gold_and_is_not_sampled(asked: dict[str, Any]) -> None:
    known = {"q0001": Known("tie", "Both say the same."), "q0002": Known("candidate", "", True)}
    campaign = open_campaign(**asked | {"items": 10, "design": Design(known=known)})
    assert kinds(campaign) == {"main": 8, "gold": 1, "practice": 1}
    gold = campaign.pairs.get(kind="gold")
    assert (gold.item.key, gold.expected, gold.feedback) == ("q0001", "tie", "Both say the same.")
    assert not {"q0001", "q0002"} & set(campaign.plan["items"])


def test_the_kind_of_a_pair_does_not_follow_from_its_place_or_its_seats(team: Team) -> None:
    campaign = a_certain_campaign(team, Design(gold=0.5, controls=0.5))
    assert set(campaign.pairs.values_list("seats", flat=True)) == {2}
    order = list(campaign.pairs.order_by("position").values_list("kind", flat=True))
    assert order != sorted(order)
    assert order != sorted(order, reverse=True)


def test_the_sample_is_divided_by_length_and_by_what_the_metric_says(team: Team) -> None:
    campaign = a_certain_campaign(team, Design(strata=("tags", "length", "disagreement")))
    names = set(campaign.plan["strata"])
    assert any("metric prefers the candidate" in name for name in names)
    assert any("length 1 of 4" in name for name in names)
    assert set(campaign.pairs.values_list("stratum", flat=True)) <= names
    assert campaign.plan["sampling"]["by"] == ["tags", "length", "disagreement"]


def test_near_copies_do_not_eat_the_budget(team: Team) -> None:
    texts = ["What is the refund period for orders from abroad?"] * 30
    texts += [f"Tell me about {topic} in a few words please" for topic in TOPICS]
    items = [{"key": f"k{i}", "input": text} for i, text in enumerate(texts)]
    over: dict[str, Any] = {"answers": (["a"] * len(items), ["b"] * len(items)), "questions": items}
    plain = a_campaign_over(team, "plain", items=11, design=Design(strata=()), **over)
    diverse = a_campaign_over(
        team, "diverse", items=11, design=Design(strata=(), diverse=True), **over
    )
    requests = [set(each.pairs.values_list("item__input", flat=True)) for each in (plain, diverse)]
    assert len(requests[0]) < len(requests[1]) == 11
    vendi = diverse.plan["sampling"]["vendi"]
    assert vendi["before"] < vendi["after"] <= 11
    assert diverse.plan["sampling"]["near_copies"] == 29


def test_dimensions_and_feedback_name_no_arm_either(asked: dict[str, Any]) -> None:
    form = Form.of(
        {"dimensions": [{"name": "a", "question": "Is shiny-lora ok?", "kind": "choice"}]}
    )
    with pytest.raises(PlanError, match="names an arm"):
        open_campaign(**asked | {"form": form})
    known = {"q0001": Known("tie", "shiny-lora says so")}
    with pytest.raises(PlanError, match="names an arm"):
        open_campaign(**asked | {"design": Design(known=known)})


@pytest.mark.parametrize(
    ("design", "said"),
    [
        (Design(controls=0.6), "controls is 0.6; use a share between 0 and 0.5"),
        (Design(practice=51), "practice is 51"),
        (Design(pass_mark=1.5), "pass_mark is 1.5"),
        (Design(known={"q0001": Known("left")}), "expected of item 'q0001' is 'left'"),
        (Design(known={"nope": Known("tie")}), "expected of item 'nope': it has no two different"),
        (Design(stopping={"rule": "whenever"}), "is no rule"),
        (Design(requires=("de", "de")), "each there once"),
    ],
)
def test_a_design_that_cannot_be_is_refused(
    asked: dict[str, Any], design: Design, said: str
) -> None:
    with pytest.raises(PlanError, match=said):
        open_campaign(**asked | {"design": design})


def test_disagreement_needs_a_metric(asked: dict[str, Any]) -> None:
    design = Design(strata=("disagreement",))
    with pytest.raises(PlanError, match="there is no metric"):
        open_campaign(**asked | {"study": None, "design": design})


TOPICS = ["cats", "tax", "rain", "bread", "trains", "music", "soil", "law", "iron", "chess"]


def a_certain_campaign(team: Team, design: Design) -> Campaign:
    """Eight of 24 items; the metric finds each right in one arm and wrong in the other."""
    scores = [i % 2 for i in range(24)]
    said = [
        [f"{'right' if score == side else 'wrong'} {'x' * i}" for i, score in enumerate(scores)]
        for side in (0, 1)
    ]
    return a_campaign_over(
        team,
        "certain",
        items=8,
        answers=(said[0], said[1]),
        scores=([1 - score for score in scores], scores),
        questions=24,
        design=design,
    )


def a_campaign_over(
    team: Team,
    slug: str,
    *,
    items: int,
    answers: tuple[list[str], list[str]],
    questions: Any,
    design: Design,
    scores: tuple[list[int], list[int]] | None = None,
) -> Campaign:
    over = a_test_set(team, slug, items=questions, tags=["x", "y"])
    base, lora = a_version(team, f"{slug}-base"), a_version(team, f"{slug}-lora")
    marks = scores or ([1] * len(answers[0]), [1] * len(answers[1]))
    runs = [
        a_run(version, over, scores=marks[arm], answers=answers[arm])
        for arm, version in enumerate((base, lora))
    ]
    return open_campaign(
        study=a_study(team, baseline=base, candidate=lora, primary=over, slug=slug),
        baseline_run=runs[0],
        candidate_run=runs[1],
        items=items,
        reviewers_per_item=2,
        seed=3,
        design=design,
    )
