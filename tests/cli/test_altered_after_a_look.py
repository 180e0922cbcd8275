"""What was dropped, mended or answered anew after a look stands in the headline, by the commands:
how much of it, and how much had gone against the candidate."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from evalhub.accounts.models import Membership, Project, Role, User
from evalhub.cli.app import run
from evalhub.features.lifecycle.promotion import promote
from evalhub.ledger.models import Decision
from tests.studies.desks import Desk

pytestmark = pytest.mark.django_db(transaction=True)
Printed = pytest.CaptureFixture[str]
LOST, WON = range(20), range(20, 40)
"""Items that the tuned arm loses, and wins; the base answers the others right, too."""


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    found = Desk(tmp_path)
    del found.study["test_sets"]["sums"]
    items(found)
    found.answers("base", "triage", ["wrong" if i in WON else "right" for i in range(60)])
    found.answers("tuned", "triage", ["wrong" if i in LOST else "right" for i in range(60)])
    return found


def items(
    desk: Desk, without: Iterable[int] = (), references: Iterable[int] = (), file: str = "triage"
) -> None:
    """The test set without some items, and with the tuned arm's answer as some's reference."""
    desk.rows(
        f"{file}.jsonl",
        (
            {
                "id": f"q{i}",
                "input": f"Question {i}?",
                "reference": "wrong" if i in [*references] else "right",
            }
            for i in range(60)
            if i not in [*without]
        ),
    )


def answered(desk: Desk, arm: str, texts: dict[int, str], without: Iterable[int] = ()) -> None:
    rows = ({"id": f"q{i}", "output": text} for i, text in texts.items() if i not in [*without])
    desk.rows(f"{arm}.triage.jsonl", rows)


def texts(arm: str, **changed: str) -> dict[int, str]:
    wrong = WON if arm == "base" else LOST
    usual = {i: "wrong" if i in wrong else "right" for i in range(60)}
    return usual | {int(name[1:]): text for name, text in changed.items()}


def judged(desk: Desk, printed: Printed, *arguments: str) -> Any:
    printed.readouterr()
    run(["study", "run", str(desk.write()), "--json", *arguments])
    return json.loads(printed.readouterr().out)


def words(record: Any) -> list[str]:
    return [each["sentence"] for each in record.get("caveats", ())]


@pytest.mark.heavy
def test_items_that_are_dropped_after_a_look_are_counted_with_those_that_were_lost(
    desk: Desk, tmp_path: Path, capsys: Printed
) -> None:
    first = judged(desk, capsys)
    assert (first["verdict"], words(first)) == ("need-more-data", [])
    gone = [*range(11), 59]
    items(desk, without=gone)
    for arm in ("base", "tuned"):
        answered(desk, arm, texts(arm), without=gone)
    junit, markdown = tmp_path / "j.xml", tmp_path / "m.md"
    command = ["gate", str(desk.write()), "--junit", str(junit), "--markdown", str(markdown)]
    run(command)
    (sentence,) = words(record := judged(desk, capsys))
    assert sentence == "12 items of triage dropped after look 1, 11 of them lost by tuned"
    assert record["ledger"]["test_sets"][0]["looks"] == [2]
    assert record["headline"].endswith(f" Note: {sentence}.")
    assert f"Note: {sentence}." in markdown.read_text().splitlines()[0]
    case = next(
        each for each in ElementTree.parse(junit).iter("testcase") if each.get("name") == "verdict"
    )
    assert sentence in "".join(case.itertext())
    assert judged(desk, capsys) == record, "the same again says the same"
    desk.study["test_sets"]["triage"]["file"] = "renamed.jsonl"
    items(desk, without=[*gone, 11, 12], file="renamed")
    for arm in ("base", "tuned"):
        answered(desk, arm, texts(arm), without=[*gone, 11, 12])
    desk.study |= {"name": "Another name"}
    assert words(judged(desk, capsys)) == [
        "14 items of triage dropped after look 1, 13 of them lost by tuned"
    ]


def test_so_are_references_that_are_mended(desk: Desk, capsys: Printed) -> None:
    judged(desk, capsys)
    items(desk, references=[0, 1, 2, 45])
    assert words(judged(desk, capsys)) == [
        "references of 4 items of triage changed after look 1, 3 of them lost by tuned"
    ]


def test_so_are_answers_of_either_arm_that_are_replaced(desk: Desk, capsys: Printed) -> None:
    judged(desk, capsys)
    answered(desk, "tuned", texts("tuned", q0="right", q1="right", q50="right, too"))
    assert words(judged(desk, capsys)) == [
        "3 answers of tuned to triage replaced after look 1, 2 of them lost by tuned"
    ]
    answered(desk, "base", texts("base", q2="wrong"))
    assert words(judged(desk, capsys)) == [
        "1 answer of base to triage replaced after look 1, 1 of them lost by tuned",
        "3 answers of tuned to triage replaced after look 1, 2 of them lost by tuned",
    ]


@pytest.mark.heavy
def test_nothing_is_said_of_items_that_are_added_another_candidate_or_a_part_that_is_asked_too(
    desk: Desk, capsys: Printed
) -> None:
    items(desk, without=range(50, 60))
    for arm in ("base", "tuned"):
        answered(desk, arm, texts(arm), without=range(50, 60))
    judged(desk, capsys)
    items(desk)
    for arm in ("base", "tuned"):
        answered(desk, arm, texts(arm))
    assert words(judged(desk, capsys)) == []
    desk.study["arms"]["other"] = {"kind": "lora", "backend": {"recorded": "other.triage.jsonl"}}
    desk.study["candidate"] = "other"
    answered(desk, "other", texts("base", q20="right"))
    assert words(judged(desk, capsys)) == []
    del desk.study["arms"]["other"], desk.study["candidate"]
    items(desk, without=range(10, 60), file="few")
    desk.study["test_sets"]["few"] = {"file": "few.jsonl"} | {
        "role": "guard",
        "metric": {"name": "exact_match"},
    }
    for arm in desk.study["arms"]:
        backend = {"recorded": f"{arm}.{{test_set}}.jsonl"}
        desk.study["arms"][arm]["backend"] = backend
        few = ({"id": f"q{i}", "output": texts(arm)[i]} for i in range(10))
        desk.rows(f"{arm}.few.jsonl", few)
    assert words(judged(desk, capsys)) == []


def test_a_baseline_that_isn_t_the_champion_is_said(desk: Desk, capsys: Printed) -> None:
    answered(desk, "tuned", texts("base", **{f"q{i}": "right" for i in WON}))
    assert judged(desk, capsys)["verdict"] == "ship"
    olga = User.objects.create(username="olga")
    project = Project.objects.get(slug="desk")
    Membership.objects.create(project=project, user=olga, role=Role.OWNER)
    promote(decision=Decision.objects.get(), by=olga, reason="It gains a third.")
    assert "caveats" not in judged(desk, capsys), "what became the champion was judged right"
    desk.study["arms"]["next"] = {"kind": "lora", "backend": {"recorded": "next.triage.jsonl"}}
    desk.study |= {"candidate": "next", "name": "The next one"}
    answered(desk, "next", texts("base", **{f"q{i}": "right, and so" for i in WON}))
    record = judged(desk, capsys)
    (sentence,) = words(record)
    assert sentence == "the baseline, base v1, isn't the champion, which is tuned v1"
    assert record["headline"].endswith(f" Note: {sentence}.")
    desk.study |= {"baseline": "tuned", "name": "Against the champion"}
    assert words(judged(desk, capsys)) == []
    answered(desk, "tuned", texts("base"))
    assert "the baseline answers 20 of 60 items otherwise than the champion did" in words(
        judged(desk, capsys)
    )


def test_one_question_about_many_documents_is_as_many_items(desk: Desk, capsys: Printed) -> None:
    """Each has its own right answer: none was changed where one document follows another."""
    references = ["right", "quite right", "very right"] * 20
    rows = [
        {"id": f"q{i}", "input": "What is it about?", "context": f"Page {i}.", "reference": right}
        for i, right in enumerate(references)
    ]
    desk.rows("triage.jsonl", rows)
    assert words(judged(desk, capsys)) == []
    desk.rows("triage.jsonl", [each | {"tags": ["new"]} for each in rows[:50]])
    for arm in ("base", "tuned"):
        answered(desk, arm, texts(arm), without=range(50, 60))
    desk.study |= {"name": "Another name"}
    assert words(judged(desk, capsys)) == [
        "10 items of triage dropped after look 1, none of them lost by tuned"
    ]
