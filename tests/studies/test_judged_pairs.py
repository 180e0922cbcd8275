"""A study's judge, asked about both arms' answers side by side."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from evalhub.accounts.permissions import NotAllowedError
from evalhub.cli.app import run as evalhub
from evalhub.declare.declaration import DeclarationError
from evalhub.declare.judges import JudgeRunDocument
from evalhub.declare.prices import Price
from evalhub.features.erasure.redact import redact
from evalhub.features.table import REDACTORS
from evalhub.io.rows import DataError
from evalhub.judges.models import JudgeRun, JudgeVote
from evalhub.ledger.study_evidence import NotReadyError
from evalhub.registry.models import Spending, Study
from evalhub.studies.file.origin import OperatorFile
from evalhub.studies.file.spec import read_study
from evalhub.studies.run.judged_pairs import judge_study
from evalhub.studies.run.register import register_study
from runners.backends.asking import BackendError
from tests.cast import a_team
from tests.fakes.openai_server import OpenAIServer, http_error, saying
from tests.studies.desks import Desk, ran
from tests.studies.judging import FIRST, a_judged_desk, better, fair

pytestmark = pytest.mark.django_db(transaction=True)

ITEM = re.compile(r"Question (\d+)\?")


@pytest.fixture
def desk(tmp_path: Path, server: OpenAIServer) -> Desk:
    return a_judged_desk(tmp_path, server)


def judged(study: Study) -> JudgeRunDocument:
    return judge_study(study=study, by=None, price=Price(prompt=1, completion=2))


def test_each_pair_that_differs_is_judged_in_both_orders_once(
    desk: Desk, server: OpenAIServer
) -> None:
    study = ran(desk)
    found = judged(study)
    assert len(server.requests) == 32
    assert {FIRST.findall(prompt)[0] for prompt in server.asked} == {"right", "wrong"}
    seen = found.figures
    assert (seen.pairs, seen.read, seen.flipped, seen.unreadable) == (16, 16, 0, 0)
    assert (seen.flip_rate.value, seen.first.value) == (0, 0.5)
    assert (found.asked, found.unanswered, found.completion_tokens) == (32, 0, 32 * 5)
    assert found.money == pytest.approx((32 * 9 + 2 * 32 * 5) / 1e6)
    assert set(JudgeVote.objects.values_list("choice", flat=True)) == {"candidate"}
    again = judged(study)
    assert (again.asked, len(server.requests)) == (0, 32)
    assert again.figures == seen


def test_what_a_judge_says_counts_on_the_study_s_budget(desk: Desk, server: OpenAIServer) -> None:
    desk.study["judges"]["grader"]["price"] = {"prompt": 1, "completion": 2}
    desk.study["budget"] = {"tokens": 100}
    study = ran(desk)
    with pytest.raises(BackendError, match="of 100 tokens spent, so that nothing more is asked"):
        judged(study)
    stopped = len(server.requests)
    assert stopped <= 32
    desk.study["budget"] = {"tokens": 10_000}
    found = judged(ran(desk))
    row = Spending.objects.get(version__digest=found.judge_digest)
    assert (row.prompt_tokens, row.completion_tokens) == (32 * 9, 32 * 5)
    assert row.money == pytest.approx(found.money or 0)
    assert len(server.requests) == 32, "nothing twice"


def test_a_judge_that_goes_by_the_order_is_told_by_its_figures(
    desk: Desk, server: OpenAIServer
) -> None:
    server.misbehave = lambda prompt, attempt: better("first")
    seen = judged(ran(desk)).figures
    assert (seen.flipped, seen.read) == (16, 16)
    assert seen.flip_rate.value == 1
    assert seen.flip_rate.lower == pytest.approx(0.025 ** (1 / 16))
    assert seen.first.value == 1
    assert seen.first_p is not None
    assert seen.first_p < 1e-4


def test_replies_that_are_no_verdict_are_counted_and_asked_no_more(
    desk: Desk, server: OpenAIServer
) -> None:
    def vague(prompt: str, attempt: int) -> web.Response:
        bad = int(ITEM.findall(prompt)[0]) < 3 and FIRST.findall(prompt)[0] == "right"
        return saying("The first one!") if bad else fair(prompt, attempt)

    server.misbehave = vague
    study = ran(desk)
    seen = judged(study).figures
    assert (seen.pairs, seen.read, seen.unreadable) == (16, 13, 3)
    assert JudgeVote.objects.unreadable()[0].reason.startswith("no verdict: malformed JSON")
    judged(study)
    assert len(server.requests) == 32


def test_what_got_no_answer_is_asked_for_again(desk: Desk, server: OpenAIServer) -> None:
    server.misbehave = lambda prompt, attempt: (
        http_error(500) if "Question 7?" in prompt and attempt == 0 else fair(prompt, attempt)
    )
    study = ran(desk)
    first = judged(study)
    assert (first.unanswered, first.figures.read) == (2, 15)
    assert "HTTP 500" in first.error
    assert not first.complete
    second = judged(study)
    assert (second.asked, second.unanswered, second.figures.read) == (2, 0, 16)


@pytest.mark.heavy
def test_a_judge_that_is_away_keeps_what_it_said(desk: Desk, server: OpenAIServer) -> None:
    desk.study["judges"]["grader"]["backend"]["openai"]["concurrency"] = 1
    said: list[str] = []

    def tires(prompt: str, attempt: int) -> web.Response:
        said.append(prompt)
        return http_error(403) if len(said) > 10 else fair(prompt, attempt)

    server.misbehave = tires
    study = ran(desk)
    with pytest.raises(BackendError, match="HTTP 403"):
        judged(study)
    assert JudgeVote.objects.count() == 10
    server.misbehave = fair
    assert judged(study).asked == 22
    assert JudgeVote.objects.count() == 32


@pytest.mark.heavy
def test_other_answers_another_judge_and_another_rubric_are_other_runs(
    desk: Desk, server: OpenAIServer
) -> None:
    judged(ran(desk))
    desk.study["pairwise"]["rubric"] = "Short is right."
    judged(ran(desk))
    desk.study["judges"]["grader"]["backend"]["openai"]["model"] = "another"
    judged(ran(desk))
    desk.answers("tuned", "triage", ["right!"] * 16 + ["wrong"] * 4)
    judged(ran(desk))
    assert JudgeRun.objects.count() == 4
    assert len(server.requests) == 4 * 32


def test_whom_it_preferred_is_sealed(desk: Desk) -> None:
    found = judged(ran(desk))
    assert not found.opened
    assert not JudgeVote.objects.readable().exists()
    told = json.dumps(found.as_json())
    for telling in ("win", "score", "candidate", "baseline"):
        assert telling not in told


def test_answers_that_are_not_there_are_waited_for(desk: Desk) -> None:
    study = register_study(read_study(desk.write(), OperatorFile()))
    with pytest.raises(NotReadyError, match="run the study first"):
        judged(study)
    assert not JudgeRun.objects.exists()


def test_who_does_not_evaluate_asks_no_judge(desk: Desk, server: OpenAIServer) -> None:
    team = a_team()
    study = ran(desk)
    with pytest.raises(NotAllowedError):
        judge_study(study=study, by=team.rui)
    assert not server.requests


def test_a_study_without_a_judge_has_none_to_ask(desk: Desk) -> None:
    del desk.study["pairwise"]
    with pytest.raises(DeclarationError, match="by what rubric"):
        judged(ran(desk))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"by": "me"}, "'pairwise.by': there is no judge 'me' among the study's `judges`; there a"),
        ({"test_set": "tests"}, "'pairwise.test_set': there is no test set 'tests'"),
        ({"rubric": ""}, "'pairwise.rubric': is empty"),
        ({"floor": 1.5}, "'pairwise.floor': must be at most 1"),
        ({"tier": "vital"}, "'pairwise.tier': \"vital\" isn't one of"),
    ],
)
def test_a_question_that_cannot_be_asked_is_refused(
    desk: Desk, change: dict[str, Any], says: str
) -> None:
    desk.study["pairwise"] |= change
    with pytest.raises(DataError) as caught:
        read_study(desk.write(), OperatorFile())
    assert says in str(caught.value)


def test_a_study_without_a_judge_has_none_in_its_settings(desk: Desk) -> None:
    with_judge = register_study(read_study(desk.write(), OperatorFile()))
    assert with_judge.policy.pairwise is not None
    assert len(with_judge.policy.pairwise.by) == 64
    del desk.study["pairwise"]
    without = register_study(read_study(desk.write(), OperatorFile()))
    assert without.policy.as_json()["pairwise"] is None


@pytest.mark.heavy
def test_a_redacted_item_s_reasons_go_with_it(desk: Desk) -> None:
    study = ran(desk)
    judged(study)
    redact(
        project=study.project,
        test_set="triage",
        item="q3",
        reason="a name",
        by=None,
        redactors=REDACTORS,
    )
    votes = JudgeVote.objects.filter(item__key="q3")
    assert set(votes.values_list("choice", "reason")) == {("candidate", "")}


@pytest.mark.heavy
def test_the_command_asks_and_says_how_the_judge_judged(
    desk: Desk, server: OpenAIServer, capsys: pytest.CaptureFixture[str]
) -> None:
    path = str(desk.write())
    assert evalhub(["judge", "run", path]) == 69
    assert "run the study first" in capsys.readouterr().err
    ran(desk)
    assert evalhub(["judge", "run", path]) == 0
    said = capsys.readouterr().out
    assert "16 pairs of answers that differ, 16 with a verdict in both orders" in said
    assert "flipped with the order" in said
    assert "sealed until a decision reads it" in said
    server.misbehave = lambda prompt, attempt: http_error(500)
    desk.study["pairwise"]["rubric"] = "Other."
    assert evalhub(["judge", "run", str(desk.write()), "--json"]) == 69
    assert "32 of 32 verdicts got no answer, first: HTTP 500" in capsys.readouterr().err
    server.misbehave = lambda prompt, attempt: (
        http_error(500) if "Question 7?" in prompt else fair(prompt, attempt)
    )
    assert evalhub(["judge", "run", str(desk.write()), "--json"]) == 69
    assert json.loads(capsys.readouterr().out)["unanswered"] == 2
    del desk.study["pairwise"]
    assert evalhub(["judge", "run", str(desk.write())]) == 65
    assert "field 'pairwise': missing" in capsys.readouterr().err
