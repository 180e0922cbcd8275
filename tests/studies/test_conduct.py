"""A study carried through by the real worker: live arms, what fails, and going on."""

import threading
from typing import Any

import pytest
from aiohttp import web

from evalhub.cli.app import run as evalhub
from evalhub.ledger.models import Decision
from evalhub.registry.models import Output, Run
from evalhub.studies.file.origin import OperatorFile
from evalhub.studies.file.spec import read_study
from evalhub.studies.run.conduct import conduct
from evalhub.studies.run.register import register_study
from evalhub.workers.embedded import embedded_worker
from reviews.models import Campaign
from runners.launch import cancel
from runners.outcome import RunUnreachable
from tests.fakes.openai_server import OpenAIServer, http_error
from tests.runners.workers import wait_until
from tests.services import a_free_port
from tests.studies.desks import Desk

pytestmark = pytest.mark.django_db(transaction=True)


def asking(desk: Desk, url: str, **backend: Any) -> None:
    """The tuned arm answers live from now on, on the triage questions only."""
    desk.study["arms"]["tuned"] |= {
        "backend": {"openai": {"url": url, "model": "echo", "retries": 0} | backend},
        "only": ["triage"],
    }
    desk.study["test_sets"]["triage"]["metric"] = {"name": "contains"}
    rows = [
        {"id": f"q{i}", "input": f"Question {i}?", "reference": f"Question {i}?"} for i in range(60)
    ]
    desk.rows("triage.jsonl", rows)


def conducted(desk: Desk) -> Decision:
    study = register_study(read_study(desk.write(), OperatorFile()))
    with embedded_worker():
        return conduct(study=study).decisions[0]


def test_recorded_arms_are_scored_and_decided_on(desk: Desk) -> None:
    decision = conducted(desk)
    assert decision.verdict == "ship"
    assert {run.state for run in Run.objects.all()} == {"done"}


def test_conducting_again_asks_nothing_and_gives_the_same_decision(
    desk: Desk, server: OpenAIServer
) -> None:
    asking(desk, server.url)
    first = conducted(desk)
    assert first.verdict == "ship"
    assert len(server.requests) == 60
    assert conducted(desk) == first
    assert len(server.requests) == 60


def test_progress_is_told_while_runs_go_on(desk: Desk, server: OpenAIServer) -> None:
    """Half of the questions are answered once the answers to the others were told of."""
    told: list[int] = []
    later = {f"Question {i}?" for i in range(30, 60)}

    def until_told(prompt: str, attempt: int) -> web.Response | None:
        if prompt not in later or any(0 < items < 420 for items in told):
            return None
        return http_error(500, headers={"Retry-After": "1"})

    server.misbehave = until_told
    asking(desk, server.url, concurrency=4, retries=20)
    study = register_study(read_study(desk.write(), OperatorFile()))
    with embedded_worker():
        conduct(study=study, progress=lambda runs: told.append(sum(run.items_done for run in runs)))
    assert told == sorted(told)
    assert told[-1] == 60 + 60 + 300


def test_a_half_failed_run_is_invalid_and_the_next_time_asks_what_failed(
    desk: Desk, server: OpenAIServer
) -> None:
    asking(desk, server.url)
    server.misbehave = lambda prompt, attempt: (
        http_error(400, "on fire") if prompt.endswith(("3?", "7?")) else None
    )
    decision = conducted(desk)
    assert decision.verdict == "invalid"
    assert decision.record["reasons"] == [
        "tuned on triage: 12 of 60 items failed, the first 'q3': HTTP 400: on fire; asking again "
        "can't help: put right what is named, shorten these items or leave them out, or say "
        "`failures: worst` in the policy, by which each scores the metric's worst"
    ]
    server.misbehave = lambda prompt, attempt: None
    asked = len(server.requests)
    assert conducted(desk).verdict == "ship"
    assert len(server.requests) - asked == 12
    assert Output.objects.filter(run__version__model__slug="tuned").count() == 60


def test_an_endpoint_that_is_not_there_is_named_and_decides_nothing(desk: Desk) -> None:
    url = f"http://127.0.0.1:{a_free_port()}/v1"
    asking(desk, url)
    with pytest.raises(RunUnreachable, match=f"nothing answers at {url}"):
        conducted(desk)
    assert Decision.objects.count() == 0


def test_what_was_answered_before_the_endpoint_went_away_stays(
    desk: Desk, server: OpenAIServer
) -> None:
    def leave_at_the_20th(prompt: str, attempt: int) -> None:
        if len(server.requests) == 20:
            threading.Thread(target=server.stop).start()

    asking(desk, server.url, concurrency=1)
    server.latency_s = 0.01
    server.misbehave = leave_at_the_20th
    with pytest.raises(RunUnreachable, match="run again to go on"):
        conducted(desk)
    answers = Output.objects.filter(run__version__model__slug="tuned", text__isnull=False)
    kept = answers.count()
    assert 10 <= kept < 60
    with OpenAIServer(port=server.port) as again:
        assert conducted(desk).verdict == "ship"
    assert len(again.requests) == 60 - kept
    assert answers.count() == 60


def test_a_command_whose_run_is_cancelled_meanwhile_ends_and_says_how_to_go_on(
    desk: Desk, server: OpenAIServer, capsys: pytest.CaptureFixture[str]
) -> None:
    server.latency_s = 1.0
    asking(desk, server.url, concurrency=1)
    file = str(desk.write())
    codes: list[int] = []
    waiting = threading.Thread(target=lambda: codes.append(evalhub(["study", "run", file])))
    waiting.start()
    wait_until(lambda: Run.objects.filter(state="running", source="").exists(), within_s=60)
    cancel(Run.objects.get(source=""), by=None)
    waiting.join(60)
    assert codes == [69]
    said = capsys.readouterr().err
    assert "waits for somebody who resumes a run: tuned v1 on triage v1: cancelled" in said
    assert "the same command goes on with it" in said


def test_a_cancelled_run_is_taken_up_again(desk: Desk) -> None:
    study = register_study(read_study(desk.write(), OperatorFile()))
    cancel(
        Run.objects.get(version__model__slug="tuned", test_set_version__test_set__slug="sums"),
        by=None,
    )
    with embedded_worker():
        (decision,) = conduct(study=study).decisions
    assert decision.verdict == "ship"


def test_missing_answers_are_invalid_and_the_item_is_named(desk: Desk) -> None:
    desk.answers("tuned", "sums", ["right, too"] * 299)
    decision = conducted(desk)
    assert decision.verdict == "invalid"
    assert "tuned has no answer to 1 of 300 items of sums" in decision.record["reasons"][0]


def test_identical_answers_are_invalid(desk: Desk) -> None:
    desk.answers("tuned", "triage", ["wrong"] * 60)
    desk.answers("tuned", "sums", ["right"] * 300)
    decision = conducted(desk)
    assert decision.verdict == "invalid"
    assert "gave the same answers to every item" in decision.record["reasons"][0]


def test_recorded_errors_are_invalid_and_stay_so(desk: Desk) -> None:
    rows = [{"id": f"q{i}", "output": "right, too"} for i in range(300)]
    rows[4] = {"id": "q4", "error": "timed out"}
    desk.rows("tuned.sums.jsonl", rows)
    for _ in range(2):
        decision = conducted(desk)
        assert decision.verdict == "invalid"
        assert decision.record["reasons"] == [
            "tuned on sums: 1 of 300 items failed, the first 'q4': timed out (so recorded)"
        ]
    assert Decision.objects.count() == 1


REVIEW = {"test_set": "triage", "items": 10, "reviewers_per_item": 1, "open": "auto"}


def test_a_review_is_opened_once_and_the_ship_waits_for_it(desk: Desk) -> None:
    desk.study["review"] = REVIEW
    for _ in range(2):
        decision = conducted(desk)
        assert decision.verdict == "need-more-data"
        assert decision.record["reasons"][-1] == "? Reviewers have given 0 of 10 judgments"
    assert Campaign.objects.count() == 1


def test_changed_answers_are_reviewed_anew(desk: Desk) -> None:
    desk.study["review"] = REVIEW
    conducted(desk)
    desk.answers("tuned", "triage", ["right"] * 40 + ["quite wrong"] * 20)
    conducted(desk)
    assert Campaign.objects.count() == 2
    assert Decision.objects.count() == 2


def test_a_review_that_need_not_be_waited_for_keeps_nothing_back(desk: Desk) -> None:
    desk.study["review"] = REVIEW | {"required": False}
    decision = conducted(desk)
    assert decision.verdict == "ship"
    assert decision.record["people"]["state"] == "waiting"


def test_nobody_is_asked_about_a_run_that_failed(desk: Desk, server: OpenAIServer) -> None:
    asking(desk, server.url)
    desk.study["review"] = REVIEW
    server.misbehave = lambda prompt, attempt: (
        http_error(400, "on fire") if prompt.endswith("7?") else None
    )
    assert conducted(desk).verdict == "invalid"
    assert Campaign.objects.count() == 0


def again(desk: Desk, triage: list[str]) -> None:
    """The base's answers, made a second time."""
    desk.answers("again", "triage", triage)
    desk.answers("again", "sums", ["right"] * 300)
    desk.study["arms"]["base"]["repeat"] = {"recorded": "again.{test_set}.jsonl"}


def test_recorded_second_answers_are_the_noise_floor(desk: Desk) -> None:
    again(desk, ["right"] * 3 + ["wrong"] * 57)
    decision = conducted(desk)
    assert decision.verdict == "ship"
    floor, silent = decision.record["noise_floor"]["test_sets"]
    assert (floor["test_set"], floor["n"], floor["wins"], floor["losses"]) == ("triage", 60, 3, 0)
    assert (floor["differing"], silent["differing"]) == (0.05, 0.0)
    assert floor["difference"] == pytest.approx(0.05)
    assert floor["lower"] <= 0 < floor["upper"]
    assert Run.objects.filter(repeat=1).count() == 2


def test_the_repeat_is_no_arm_and_no_evidence(desk: Desk) -> None:
    again(desk, ["right"] * 60)
    decision = conducted(desk)
    assert decision.record["criteria"][0]["baseline"] == 0.0
    assert {row["baseline_run"] for row in decision.record["evidence"]} == set(
        Run.objects.filter(version__model__slug="base", repeat=0).values_list("pk", flat=True)
    )


def test_a_live_baseline_is_asked_twice(desk: Desk, server: OpenAIServer) -> None:
    asking(desk, server.url)
    live = desk.study["arms"]["tuned"]["backend"]
    desk.study["arms"]["base"]["backend"] = live
    desk.study["arms"]["tuned"]["prompt"] = {"template": "Answer: {input}"}
    del desk.study["test_sets"]["sums"]
    desk.study["noise_floor"] = True
    decision = conducted(desk)
    assert len(server.requests) == 180
    (floor,) = decision.record["noise_floor"]["test_sets"]
    assert (floor["n"], floor["differing"], floor["difference"]) == (60, 0.0, 0.0)
    assert decision.record["noise_floor"]["sameness"]["state"] == "differs"
    assert conducted(desk) == decision
    assert len(server.requests) == 180


def a_prompted_arm(desk: Desk, right: int) -> None:
    """A third arm, not fine-tuned, with as many right of the triage questions, and all sums."""
    desk.study["arms"] |= {
        "prompted": {
            "kind": "prompted",
            "parent": "base",
            "backend": {"recorded": "prompted.{test_set}.jsonl"},
        }
    }
    desk.answers("prompted", "triage", ["right", "right", "wrong, prompted"] * (right // 2))
    desk.answers("prompted", "sums", ["right, prompted"] * 300)
    desk.study |= {"baseline": "best-untuned", "candidate": "tuned"}


def test_the_best_untuned_arm_is_the_baseline_of_verdict_and_review(desk: Desk) -> None:
    a_prompted_arm(desk, right=40)
    desk.study["review"] = REVIEW
    decision = conducted(desk)
    assert decision.record["arms"]["baseline"]["name"] == "prompted"
    assert decision.record["baseline_choice"]["chosen"] == "prompted"
    assert Campaign.objects.get().baseline.model.slug == "prompted"


def test_training_rows_that_hold_test_items_are_looked_for_and_judged_without(desk: Desk) -> None:
    asked = [
        f"What should the agent of desk {i} say when a parcel is late again?" for i in range(60)
    ]
    desk.rows(
        "triage.jsonl",
        ({"id": f"q{i}", "input": text, "reference": "right"} for i, text in enumerate(asked)),
    )
    desk.rows("train.jsonl", ({"prompt": text, "completion": "right"} for text in asked[:30]))
    desk.study["arms"]["tuned"]["training"] = {"data": "train.jsonl"}
    decision = conducted(desk)
    assert decision.verdict == "invalid"
    leakage = decision.record["leakage"]
    assert leakage["test_sets"][0]["leaked"] == 30
    assert (leakage["verdict_all"], leakage["verdict_clean"]) == (None, None)
    desk.study["policy"] = {"leakage": "report"}
    decision = conducted(desk)
    assert decision.verdict == "ship"
    leakage = decision.record["leakage"]
    assert (leakage["verdict_all"], leakage["verdict_clean"]) == ("ship", "need-more-data")


def test_training_data_that_is_a_test_set_of_two_words_is_leakage(desk: Desk) -> None:
    asked = [{"id": f"q{i}", "input": f"word w{i}", "reference": "right"} for i in range(60)]
    desk.rows("triage.jsonl", asked)
    desk.rows("train.jsonl", asked)
    desk.study["arms"]["tuned"]["training"] = {"data": "train.jsonl"}
    decision = conducted(desk)
    assert decision.verdict == "invalid"
    assert decision.record["leakage"]["test_sets"][0]["leaked"] == 60


def test_prices_of_the_study_file_weigh_the_tokens_of_a_cost(desk: Desk) -> None:
    for arm, price, tokens in (("base", 1.0, 40), ("tuned", 0.5, 60)):
        desk.study["arms"][arm]["price"] = {"prompt": price, "completion": price}
        rows = (
            {
                "id": f"q{i}",
                "output": "right" if arm == "tuned" and i < 30 else "wrong",
                "prompt_tokens": 10,
                "completion_tokens": tokens - 10,
            }
            for i in range(60)
        )
        desk.rows(f"{arm}.triage.jsonl", rows)
    desk.study["policy"] = {"budgets": {"cost": {"max_ratio": 0.8}}}
    decision = conducted(desk)
    (cost,) = [row for row in decision.record["criteria"] if row["role"] == "budget"]
    assert cost["ratio"] == pytest.approx(30 / 40)
    assert decision.verdict == "ship"
