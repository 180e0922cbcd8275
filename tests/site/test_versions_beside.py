"""Two versions side by side: data, hyperparameters, answering, and what decisions found."""

import re
from typing import Any

from django.test import Client
from django.urls import reverse

from evalhub.ledger.decide import decide_study
from evalhub.registry.models import ModelVersion
from tests.cast import Team, a_run, a_study, a_team, a_test_set, a_version
from tests.features.training.test_page import RECORD

OTHER: dict[str, Any] = RECORD | {
    "dataset_sha256": "b" * 64,
    "examples": 640,
    "hyperparameters": RECORD["hyperparameters"] | {"learning_rate": 2e-4, "optim": "lion"},
    "losses": [],
    "eval_losses": [],
    "ticket": "LLM-300",
}
ITEMS = 40


def page(client: Client, left: ModelVersion, right: ModelVersion) -> str:
    both = {"left": left.pk, "right": right.pk}
    return client.get(reverse("site:versions_beside"), both).text


def part(text: str, title: str) -> str:
    return text.partition(f">{title}</h2>")[2].partition("</section>")[0]


def rows(text: str) -> list[list[str]]:
    """What differs, as the row's name and both sides."""
    found = re.findall(r'<tr class="differs"><th scope="row">(.*?)</tr>', text, re.DOTALL)
    return [re.split(r"\|+", re.sub(r"<[^>]*>", "|", row).strip("|")) for row in found]


def test_what_differs_in_data_and_hyperparameters_stands_first(eva: Client, team: Team) -> None:
    base = a_version(team, "base")
    left = a_version(team, "lora", parent=base, training=RECORD)
    right = a_version(team, "lora", parent=base, training=OTHER, sampling={"seed": 3})
    text = page(eva, left, right)
    assert "<h1>lora v1 beside lora v2</h1>" in text
    assert rows(part(text, "Data")) == [
        ["SHA-256", "a" * 64, "b" * 64],
        ["examples", "320", "640"],
    ]
    assert rows(part(text, "Hyperparameters")) == [
        ["learning rate", "1e-05", "0.0002"],
        ["optim", "adamw_torch", "lion"],
    ]
    assert "Nothing differs." in part(text, "Adapter")
    assert "3 that are the same" in part(text, "Adapter")
    assert rows(part(text, "How it answers")) == [["seed", "not said", "3"]]
    ((name, *said),) = rows(part(text, "Other fields of the training"))
    assert (name, said) == ("ticket", ["&lt;LLM-214&gt;", "LLM-300"])
    assert part(text, "Losses").count('<figure class="chart') == 1
    assert "No losses are known." in part(text, "Losses")


def test_versions_of_which_no_training_is_known_are_compared_too(eva: Client, team: Team) -> None:
    base = a_version(team, "base")
    text = page(eva, base, a_version(team, "lora", parent=base, training={"rank": 8}))
    assert ["rank", "not said", "8"] in rows(part(text, "Adapter"))
    assert ["kind", "base", "LoRA"] in rows(part(text, "How it answers"))
    assert "no decision has judged it" in part(text, "Results")


def judged(team: Team) -> tuple[ModelVersion, ModelVersion]:
    """A base, and a version of which a study asks whether it may replace it."""
    questions = a_test_set(team, "questions", items=ITEMS)
    base = a_version(team, "base")
    tuned = a_version(team, "lora", parent=base, training=RECORD)
    a_run(base, questions, scores=[1] * 10 + [0] * (ITEMS - 10))
    a_run(tuned, questions, scores=[1] * 38 + [0] * (ITEMS - 38))
    a_study(team, baseline=base, candidate=tuned, primary=questions, slug="s1")
    return base, tuned


def test_results_are_those_of_a_decision_and_none_before_it(eva: Client, team: Team) -> None:
    base, tuned = judged(team)
    sealed = part(page(eva, base, tuned), "Results")
    assert "no decision has judged it: its scores are sealed" in sealed
    assert "<table" not in sealed
    study = base.arms.get().study
    (decision,) = decide_study(study=study)
    found = part(page(eva, base, tuned), "Results")
    assert decision.record["headline"] in found
    assert "+0.70" in found
    assert "not judged" in found, "the baseline was in no study's question"
    assert f"decision {decision.pk}</a>" in found


def test_a_version_of_another_team_s_is_not_there(eva: Client, team: Team) -> None:
    others = a_team("Others", "others")
    others.project.memberships.all().delete()
    theirs = a_version(others, "theirs")
    ours = a_version(team, "base")
    answer = eva.get(reverse("site:versions_beside"), {"left": ours.pk, "right": theirs.pk})
    assert answer.status_code == 400
    assert "theirs" not in answer.text
    assert "Select a valid choice" in answer.text


def test_a_page_asks_for_both_and_keeps_the_one_that_is_known(eva: Client, team: Team) -> None:
    base = a_version(team, "base")
    asked = eva.get(reverse("site:versions_beside"), {"right": base.pk})
    assert asked.status_code == 200
    assert f'<option value="{base.pk}" selected>base v1</option>' in asked.text
    assert eva.get(reverse("site:versions_beside"), {"left": "x", "right": ""}).status_code == 400


def test_it_is_reached_from_a_version_and_from_the_list(eva: Client, team: Team) -> None:
    base = a_version(team, "base")
    tuned = a_version(team, "lora", parent=base)
    address = reverse("site:versions_beside")
    shown = eva.get(reverse("site:version", args=[tuned.pk])).text
    assert f'href="{address}?left={base.pk}&amp;right={tuned.pk}">Beside base v1</a>' in shown
    assert f'href="{address}"' in eva.get(reverse("site:versions")).text
