"""`suite: {name: general, tasks: …}`: published tasks as guards, told by skill."""

import re
from pathlib import Path
from typing import Any

import pytest

from evalhub.cli.app import run
from evalhub.declare.declaration import validate
from evalhub.declare.outside import OutsideError, check_from_web
from evalhub.registry.models import Run
from evalhub.studies.file import suite
from evalhub.studies.file.published_tasks import PUBLISHED
from evalhub.studies.file.test_sets import AskedTestSet
from tests.fakes.openai_server import OpenAIServer, saying
from tests.studies.desks import Desk
from tests.studies.harness_tasks import needs_lm_eval
from tests.studies.test_harness import a_copy

DOCS = Path(__file__).resolve().parents[2] / "docs" / "reference/general-capability.md"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    desk = Desk(tmp_path)
    desk.study |= {"project": "support-desk", "suite": {"name": "general", "tasks": "words"}}
    del desk.study["test_sets"]
    return desk


def asked_by(said: Any) -> dict[str, AskedTestSet]:
    """The suite's test sets; nothing is loaded for them."""
    made = suite.test_sets_of(validate(suite.GeneralSuite, said)).items()
    return {name: validate(AskedTestSet, each) for name, each in made}


def test_tasks_stand_beside_the_skills_or_alone() -> None:
    found = asked_by({"tasks": "words"})
    assert [*found][8:] == ["general-gsm8k", "general-triviaqa"]
    sums = found["general-gsm8k"]
    assert (sums.role, sums.purpose, sums.tier, sums.margin) == (
        "guard",
        "capability",
        "critical",
        0.05,
    )
    assert sums.lm_eval
    assert (sums.lm_eval.limit, sums.lm_eval.num_fewshot) == (500, 5)
    assert sums.metric.options["score"] == "exact_match,flexible-extract"
    tasks = {"kind": "likelihoods", "limit": 1000, "margin": 0.03, "data": "copies"}
    found = asked_by({"skills": [], "tier": "supporting", "tasks": tasks})
    assert [*found] == [
        f"general-{name}"
        for name in ("arc-challenge", "hellaswag", "winogrande", "piqa", "boolq", "lambada-openai")
    ]
    each = found["general-arc-challenge"]
    assert each.lm_eval
    assert (each.tier, each.margin, each.lm_eval.limit, each.lm_eval.data) == (
        "supporting",
        0.03,
        1000,
        "copies",
    )


@pytest.mark.parametrize(
    ("tasks", "message"),
    [
        ("everything", "field 'suite.tasks'"),
        ({"limit": 5}, "field 'suite.tasks.kind': missing"),
        ({"kind": "words", "limit": 1}, "field 'suite.tasks.limit'"),
    ],
)
def test_what_is_not_published_is_refused_by_its_field(
    desk: Desk, tasks: Any, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    desk.study["suite"] = {"name": "general", "tasks": tasks}
    assert run(["study", "run", str(desk.write())]) == 65
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("tasks", ["words", {"kind": "words"}])
def test_no_study_from_the_web_asks_them(tasks: Any) -> None:
    asked = validate(suite.GeneralSuite, {"tasks": tasks})
    with pytest.raises(OutsideError, match="is code"):
        check_from_web(asked, uploaded=(), aliases=())


def test_the_page_lists_them_as_they_are_asked() -> None:
    rows = re.findall(
        r"^\| (likelihoods|words) \| `(\w+)` (\S+) \| (.*) \| `(\S+)`, (\d) \| `(\S+)` \|$",
        DOCS.read_text(),
        re.MULTILINE,
    )
    assert rows == [
        (kind, each.name, each.version, each.summary, each.score, str(each.shots), each.data)
        for kind, some in PUBLISHED.items()
        for each in some
    ]


class TestPublished:
    pytestmark = needs_lm_eval

    def test_the_harness_has_them_in_this_version(self) -> None:
        from runners.engines.harness_tasks import _manager

        index = _manager(None, defaults=True).task_index
        for kind, some in PUBLISHED.items():
            for each in some:
                told = index[each.name].cfg
                assert str(told["metadata"]["version"]) == each.version, each.name
                assert told["dataset_path"] == each.data
                assert (told["output_type"] == "generate_until") == (kind == "words")
                scored, _, named = each.score.partition(",")
                assert scored in {one["metric"] for one in told["metric_list"]}
                filters = {one["name"] for one in told.get("filter_list", [])}
                assert named in filters or (not named and not filters)
                # examples never come from the documents that are asked
                asked = told.get("test_split") or told["validation_split"]
                shown = told.get("fewshot_split") or told.get("training_split")
                assert not each.shots or shown not in (None, asked)


class TestAsked:
    pytestmark = [*needs_lm_eval, pytest.mark.django_db(transaction=True)]

    def test_what_was_lost_is_told_by_task_and_skill(
        self,
        desk: Desk,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        monkeypatch.setenv("HF_HUB_OFFLINE", "1")
        monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "cache"))
        data = tmp_path / "copies"
        sums = [{"question": f"{at} and 1?", "answer": f"So #### {at + 1}"} for at in range(8)]
        a_copy(data, "openai/gsm8k", sums, "main")
        facts = [{"question": f"Fact {at}", "answer": {"aliases": ["yes"]}} for at in range(8)]
        a_copy(data, "mandarjoshi/trivia_qa", facts, "rc.nocontext")
        desk.study["suite"] = {
            "name": "general",
            "skills": [],
            "tasks": {"kind": "words", "limit": 8, "margin": 0.9, "data": "copies"},
        }
        desk.study["policy"] = {"ledger": "off"}
        with OpenAIServer() as server:

            def answers(prompt: str, attempt: int) -> Any:
                asked = prompt.rsplit("Question: ")[-1]
                if "Fact" in asked:
                    return saying("yes")
                lost = prompt.startswith("Tuned")
                return saying("7777" if lost else str(int(asked.split()[0]) + 1))

            server.misbehave = answers
            backend = {name: value for name, value in server.backend().items() if name != "type"}
            desk.study["arms"] = {
                "base": {"kind": "base", "backend": {"openai": backend}},
                "tuned": {
                    "kind": "prompted",
                    "parent": "base",
                    "prompt": {"template": "Tuned: {input}"},
                    "backend": {"openai": backend},
                },
            }
            code = run(["study", "run", str(desk.write())])
            told = capsys.readouterr()
        assert {each.state for each in Run.objects.all()} == {"done"}, told.err
        assert code != 0, told.out
        assert "General capability: " in told.out
        assert "of 2 skills are kept" in told.out
        means: dict[str, list[float]] = {}
        for each in Run.objects.all():
            name = each.test_set_version.test_set.slug
            means.setdefault(name, []).append(each.metrics.get().mean)
        assert means["general-triviaqa"] == [1.0, 1.0]
        assert sorted(means["general-gsm8k"]) == [0.0, 1.0]
