"""Scores that all documents of a harness's task have together, judged by a study."""

import re
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from pydantic import ValidationError

from evalhub.accounts.models import User
from evalhub.cli.app import run
from evalhub.ledger.models import Decision
from evalhub.registry.models import Run
from evalhub.studies.file.test_sets import AskedTestSet
from tests.fakes.openai_server import OpenAIServer, body, saying
from tests.studies.desks import Desk
from tests.studies.harness_tasks import desk, needs_lm_eval, tasks

__all__ = ["desk", "tasks"]


class TestTogether:
    pytestmark = [*needs_lm_eval, pytest.mark.django_db(transaction=True)]

    @pytest.mark.parametrize("score", ["bleu", "chrf", "ter"])
    def test_a_score_of_all_answers_together_is_judged_and_is_the_harness_s_own(
        self, desk: Desk, server: OpenAIServer, score: str
    ) -> None:
        """The tuned arm, told in other words, leaves out half of what the other says."""
        desk.study["arms"]["tuned"]["prompt"] = {"template": "Say: {input}"}  # type: ignore[index]
        server.misbehave = lambda prompt, attempt: (
            saying("You said: Is even")
            if prompt.startswith("Say: ") and "2" not in prompt
            else None
        )
        said = {"task": "corpus", "include_path": "tasks", "score": score, "cluster": "about"}
        desk.study["test_sets"]["even"]["lm_eval"] = said  # type: ignore[index]
        assert run(["study", "run", str(desk.write())]) == 2
        from lm_eval.api import metrics

        means = []
        for each in Run.objects.order_by("pk"):
            assert (each.state, each.error) == ("done", "")
            outputs = list(each.outputs.order_by("item__position"))
            pairs = [(f"You said: Is {at} even", output.text) for at, output in enumerate(outputs)]
            aggregate = each.metrics.get()
            assert (aggregate.scored, aggregate.unscored) == (6, 0)
            assert aggregate.mean == pytest.approx(getattr(metrics, score)(pairs), abs=1e-9)
            scores = [one.scores.get() for one in outputs]
            assert {one.reason for one in scores} == {""}
            assert sum(one.value for one in scores) / 6 == pytest.approx(aggregate.mean, abs=1e-9)
            means.append(aggregate.mean)
        assert means[0] != means[1]
        assert len(server.requests) == 12
        assert run(["study", "run", str(desk.file)]) == 2
        assert len(server.requests) == 12, "again, and nothing is asked again"

    def test_a_run_that_fails_and_goes_on_is_scored_of_all_its_answers(
        self, desk: Desk, server: OpenAIServer
    ) -> None:
        server.misbehave = lambda prompt, attempt: body("{") if prompt == "Is 3 even?" else None
        said = {"task": "corpus", "include_path": "tasks", "score": "chrf"}
        desk.study["test_sets"]["even"]["lm_eval"] = said  # type: ignore[index]
        assert run(["study", "run", str(desk.write())]) != 0
        first = Run.objects.order_by("pk")[0]
        assert first.state == "failed"
        server.misbehave = lambda prompt, attempt: saying("3") if prompt == "Is 3 even?" else None
        assert run(["study", "run", str(desk.file)]) == 2
        from lm_eval.api.metrics import chrf

        for each in Run.objects.all():
            pairs = [
                (f"You said: Is {at} even", output.text)
                for at, output in enumerate(each.outputs.order_by("item__position"))
            ]
            assert each.metrics.get().mean == pytest.approx(chrf(pairs), abs=1e-9)
            assert each.metrics.get().mean < 100

    def test_a_score_of_all_answers_together_decides_is_verified_and_says_what_it_is(
        self,
        desk: Desk,
        server: OpenAIServer,
        client: Client,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        desk.study["arms"]["tuned"]["prompt"] = {"template": "Say: {input}"}  # type: ignore[index]
        server.misbehave = lambda prompt, attempt: saying(
            "You said: " + prompt.removeprefix("Say: ") if prompt.startswith("Say: ") else "Is even"
        )
        desk.study["test_sets"]["even"] = {  # type: ignore[index]
            "lm_eval": {"task": "corpus", "include_path": "tasks", "score": "chrf"},
            "role": "primary",
            "min_gain": 1,
        }
        desk.study |= {"baseline": "base", "candidate": "tuned"}
        run(["study", "run", str(desk.write()), "--json"])
        kept = desk.file.parent / "verdict.json"
        kept.write_text(capsys.readouterr().out)
        decision = Decision.objects.get()
        [criterion] = decision.record["criteria"]
        assert criterion["unit"] == "points of chrf, linearised"
        assert criterion["candidate"] == pytest.approx(100)
        assert run(["decision", "verify", str(kept), "--home", str(settings.HOME)]) == 0
        client.force_login(User.objects.create_superuser("opal"))
        page = client.get(reverse("site:criterion", args=[decision.pk, 1])).text
        assert "A score of all answers together, in points of chrf, linearised" in page

    @pytest.mark.parametrize("score", ["byte_perplexity", "word_perplexity"])
    def test_perplexity_of_pages_is_judged_and_is_the_harness_s_own(
        self, desk: Desk, server: OpenAIServer, score: str
    ) -> None:
        server.echo = lambda prompt: [
            ("", None, -1.0),
            *((word, -0.3 * len(word), -1.0) for word in re.findall(r"\s*\S+", prompt)),
        ]
        said = {"task": "pages", "include_path": "tasks", "score": score}
        desk.study["test_sets"]["even"]["lm_eval"] = said  # type: ignore[index]
        for arm in desk.study["arms"].values():  # type: ignore[attr-defined]
            arm["backend"]["openai"]["echo"] = True
        assert run(["study", "run", str(desk.write())]) == 2
        from lm_eval.api.metrics import weighted_perplexity

        for each in Run.objects.all():
            assert (each.state, each.error) == ("done", "")
            pairs = [(one.logprob, one.given_scores[f"{score}.size"]) for one in each.outputs.all()]
            assert each.metrics.get().mean == pytest.approx(weighted_perplexity(pairs))

    @pytest.mark.parametrize("score", ["mcc", "f1"])
    def test_labels_are_scored_together_where_the_study_says_so(
        self,
        desk: Desk,
        server: OpenAIServer,
        score: str,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        """ "absolutely not" is the likelier of documents 0 and 3 alone (−15 against −20)."""

        def words(prompt: str) -> list[tuple[str, float | None, float]]:
            unlikely = 20.0 if re.search(r"Is [03] ", prompt) else 4.0
            return [
                (word, (-unlikely if word == " yes" else -float(len(word))) if at else None, -1.0)
                for at, word in enumerate(re.findall(r"\s*\S+", prompt))
            ]

        server.echo = words
        asked = desk.study["test_sets"]["even"]  # type: ignore[index]
        asked["lm_eval"] = {"task": "labels", "include_path": "tasks", "score": score}
        for arm in desk.study["arms"].values():  # type: ignore[attr-defined]
            arm["backend"]["openai"]["echo"] = True
        if score == "f1":
            assert run(["study", "run", str(desk.write())]) == 65
            why = "labels has f1 of all documents together: say metric: {name: corpus_score, score:"
            assert why in capsys.readouterr().err
            assert not server.requests
            asked["metric"] = {"name": "corpus_score", "score": "f1"}
        assert run(["study", "run", str(desk.write())]) == 2
        from sklearn.metrics import f1_score, matthews_corrcoef

        by_hand = {"mcc": matthews_corrcoef, "f1": f1_score}[score]
        for each in Run.objects.all():
            assert (each.state, each.error) == ("done", "")
            outputs = each.outputs.order_by("item__position")
            answers = [one.given_scores[f"{score}.answer"] for one in outputs]
            assert answers == [1, 0, 0, 1, 0, 0]
            assert each.metrics.get().mean == pytest.approx(by_hand([0, 1, 0, 1, 0, 1], answers))


def test_a_score_of_all_answers_together_has_no_bounds_of_single_answers() -> None:
    task = {"task": "translate", "score": "bleu"}
    asked: dict[str, Any] = {"lm_eval": task, "role": "guard", "margin": 1}
    metric = AskedTestSet.model_validate(asked).metric
    assert (metric.name, metric.unit_of_value) == ("corpus_score", "points of bleu, linearised")
    with pytest.raises(ValidationError, match="bounds") as error:
        AskedTestSet.model_validate(asked | {"bounds": (0, 100)})
    assert "the score is of all of them together" in str(error.value)
