"""What a plan is made of: arms, strata, near-copies, control, gold and practice pairs."""

from collections import Counter
from typing import Any

import pytest

from evalhub.declare.declaration import validate
from evalhub.declare.review import CampaignRequest, Design, Dimension, Form, Known
from evalhub.registry.models import Output, Run
from reviews.errors import FormError, PlanError
from reviews.models import Campaign
from reviews.planning.campaign_request import review_declaration as request_of
from reviews.results.judgment_data import judgment_data
from tests.cast import Team, a_run, a_study, a_test_set, a_version, opened
from tests.reviews.asking import a_review


def kinds(campaign: Campaign) -> Counter[str]:
    return Counter(campaign.pairs.values_list("kind", flat=True))


def test_several_arms_are_compared_two_by_two(asked: dict[str, Any], team: Team) -> None:
    third = a_version(team, "third")
    run = a_run(
        third, asked["baseline_run"].test_set_version, scores=[1] * 10, answers=["three"] * 10
    )
    campaign = a_review(**asked | {"other_runs": [run]})
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
    against = a_review(**asked | {"other_runs": [run], "design": Design(combinations="baseline")})
    assert against.pairs.count() == 6 * 2
    assert len(campaign.plan["items"]) == 6
    data = judgment_data(campaign).between(campaign.baseline_id, campaign.candidate_id)
    assert len(data.pairs) == 6, "the gate asks about candidate and baseline alone"


def test_answers_are_rated_one_by_one(asked: dict[str, Any]) -> None:
    form = validate(
        Form, {"dimensions": [{"name": "polite", "question": "How polite?", "kind": "rating"}]}
    )
    campaign = a_review(**asked | {"form": form})
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
    form = validate(Form, {"dimensions": [{"name": "ok", "question": "Is it?", "kind": "rating"}]})
    with pytest.raises(PlanError, match="repeats watch over them"):
        a_review(**asked | {"form": form, "design": Design(controls=0.1)})


def test_control_pairs_show_two_answers_of_one_arm(asked: dict[str, Any]) -> None:
    run: Run = asked["baseline_run"]
    for item in run.test_set_version.items.all():
        Output.objects.create(run=run, item=item, sample=1, text="one again")
    campaign = a_review(**asked | {"design": Design(controls=0.5)})
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
    campaign = a_review(**asked | {"design": Design(controls=0.5)})
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
    known = {
        "q0001": Known(expected="tie", feedback="Both say the same."),
        "q0002": Known(expected="candidate", practice=True),
    }
    campaign = a_review(**asked | {"items": 10, "design": Design(known=known)})
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


def test_scores_that_no_decision_has_read_divide_no_sample(asked: dict[str, Any]) -> None:
    with pytest.raises(PlanError, match="no decision has read yet; decide on the study first"):
        a_review(**asked | {"design": Design(strata=("disagreement",))})
    assert kinds(a_review(**asked | {"design": Design(gold=0.5)})) == {"main": 6}


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
    form = validate(
        Form, {"dimensions": [{"name": "a", "question": "Is shiny-lora ok?", "kind": "choice"}]}
    )
    with pytest.raises(PlanError, match="names an arm"):
        a_review(**asked | {"form": form})
    named = {"name": "shiny-lora", "question": "Is it kind?", "kind": "choice"}
    with pytest.raises(PlanError, match="names an arm"):
        a_review(**asked | {"form": validate(Form, {"dimensions": [named]})})
    known = {"q0001": Known(expected="tie", feedback="shiny-lora says so")}
    with pytest.raises(PlanError, match="names an arm"):
        a_review(**asked | {"design": Design(known=known)})


@pytest.mark.parametrize(
    ("document", "field", "said"),
    [
        ({"items": 0}, "items", "must be 1 or more, not 0"),
        ({"reviewers_per_item": 0}, "reviewers_per_item", "must be 1 or more, not 0"),
        ({"seed": -1}, "seed", "must be 0 or more, not -1"),
        ({"question": " "}, "question", "is empty"),
        ({"controls": 0.6}, "controls", "must be at most 0.5, not 0.6"),
        ({"practice": 51}, "practice", "must be at most 50, not 51"),
        ({"pass_mark": 1.5}, "pass_mark", "must be at most 1, not 1.5"),
        ({"known": {"q0001": "left"}}, "known.q0001", '"left" isn\'t one of baseline'),
        ({"known": {"q0001": {"expect": "tie"}}}, "known.q0001.expect", "did you mean expected?"),
        ({"stopping": {"rule": "whenever"}}, "stopping", "one of fixed, anytime is needed"),
        ({"stopping": {}}, "stopping", "rule is needed"),
        ({"requires": ["<b>"]}, "requires", "use letters"),
        ({"strata": ["size"]}, "strata[0]", '"size" isn\'t one of tags, length'),
        ({"seconds": 0}, "seconds", "must be 1 or more, not 0"),
    ],
)
def test_a_request_that_cannot_be_names_its_field(
    document: dict[str, Any], field: str, said: str
) -> None:
    with pytest.raises(FormError) as caught:
        request_of(CampaignRequest, document)
    assert caught.value.field == field
    assert said in str(caught.value)


def test_tags_are_small_sorted_and_each_there_once_in_any_script() -> None:
    asked = request_of(CampaignRequest, {"requires": ["Law", "de", " law", "日本語"]})
    assert asked.requires == ("de", "law", "日本語")


def test_an_item_with_a_known_answer_needs_two_different_ones(asked: dict[str, Any]) -> None:
    design = Design(known={"nope": Known(expected="tie")})
    with pytest.raises(PlanError, match="expected of item 'nope': it has no two different"):
        a_review(**asked | {"design": design})


def test_questions_and_dimensions_may_be_in_any_script(asked: dict[str, Any]) -> None:
    form = Form(dimensions=(Dimension(name="礼貌", question="哪个更礼貌?"),))
    campaign = a_review(**asked | {"form": form, "question": "Какой ответ лучше?"})
    assert campaign.sealed_plan.design.question == "Какой ответ лучше?"
    assert campaign.sealed_plan.design.form == form


def test_disagreement_needs_a_metric(asked: dict[str, Any]) -> None:
    design = Design(strata=("disagreement",))
    with pytest.raises(PlanError, match="there is no metric"):
        a_review(**asked | {"study": None, "design": design})


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
    opened(*runs)
    return a_review(
        study=a_study(team, baseline=base, candidate=lora, primary=over, slug=slug),
        baseline_run=runs[0],
        candidate_run=runs[1],
        items=items,
        reviewers_per_item=2,
        seed=3,
        design=design,
    )
