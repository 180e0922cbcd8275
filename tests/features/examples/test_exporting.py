"""Accepted examples go out as a training file: versioned, hashed, without what is judged on."""

import hashlib
import json
from typing import Any

import pytest

from evalhub.accounts.models import LogEntry
from evalhub.accounts.permissions import NotAllowedError
from evalhub.features.examples.models import SentExample
from evalhub.features.examples.out import exporting
from evalhub.features.examples.out.exporting import ExamplesOutError, ExportedFile, export_examples
from evalhub.registry.models import TrainingFileVersion
from reviews.examples.erasing import erase_examples
from reviews.models import Example, ExampleQueue
from tests.cast import Team, a_team, a_test_set, given_up
from tests.features.examples.outgoing import a_decided_queue, example_of

pytestmark = pytest.mark.django_db
QUESTIONS = [f"How do I return parcel number {n} to your shop?" for n in range(6)]


def exported(team: Team, *queues: ExampleQueue, form: str = "chat", **more: Any) -> ExportedFile:
    return export_examples(project=team.project, queues=queues, form=form, by=team.olga, **more)


def rows_of(exported_file: ExportedFile) -> list[dict[str, Any]]:
    return [json.loads(line) for line in exported_file.content.decode().splitlines()]


def test_accepted_examples_go_out_with_what_people_left_of_them(team: Team) -> None:
    queue = a_decided_queue(
        team, QUESTIONS, edits={QUESTIONS[1]: "In the box."}, rejected=QUESTIONS[:1]
    )
    out = exported(team, queue)
    answers = {row["messages"][0]["content"]: row["messages"][1]["content"] for row in rows_of(out)}
    assert set(answers) == set(QUESTIONS[1:])
    assert answers[QUESTIONS[1]] == "In the box."
    assert answers[QUESTIONS[2]] == f"The answer to: {QUESTIONS[2]}"
    assert {row["messages"][0]["role"] for row in rows_of(out)} == {"user"}
    assert (out.file.name, out.file.number, out.file.rows) == ("parcels-chat", 1, 5)
    assert out.file.sha256 == hashlib.sha256(out.content).hexdigest()
    assert SentExample.objects.filter(row__file=out.file).count() == 5
    row = SentExample.objects.get(example=example_of(queue, QUESTIONS[1])).row
    assert row is not None
    assert "In the box." in row.text
    assert LogEntry.objects.filter(action="exported", by=team.olga).count() == 1


def test_each_format_is_what_trainers_read(team: Team) -> None:
    queue = a_decided_queue(
        team, QUESTIONS[:2], edits={QUESTIONS[1]: "In the box."}, context="Parcels are free."
    )
    [first, second] = rows_of(exported(team, queue, form="prompt-completion"))
    assert {first["prompt"], second["prompt"]} == {
        f"Parcels are free.\n\n{text}" for text in QUESTIONS[:2]
    }
    out = exported(team, queue, form="dpo")
    assert rows_of(out) == [
        {
            "prompt": f"Parcels are free.\n\n{QUESTIONS[1]}",
            "chosen": "In the box.",
            "rejected": f"The answer to: {QUESTIONS[1]}",
        }
    ]
    assert out.left_out == {"no-edit": 1}
    [one, _] = rows_of(exported(team, queue, provenance=True))
    assert (one["source"], one["licence"]) == ("model", "CC-BY-4.0")


def test_the_same_rows_are_the_same_version_and_others_the_next(team: Team) -> None:
    queue = a_decided_queue(team, QUESTIONS)
    first, again = exported(team, queue), exported(team, queue)
    assert first.file == again.file
    other = a_decided_queue(team, ["And where is it now?"], name="more")
    both = exported(team, queue, other, name="parcels-chat")
    assert (both.file.number, both.file.rows) == (2, 7)
    assert TrainingFileVersion.objects.count() == 2


def test_the_same_row_of_two_queues_goes_out_once(team: Team) -> None:
    queues = [a_decided_queue(team, QUESTIONS, name=name) for name in ("one", "two")]
    out = exported(team, *queues)
    assert (out.file.rows, out.left_out) == (6, {"same-row": 6})


def test_copies_and_near_copies_of_test_items_are_left_out_and_counted(team: Team) -> None:
    items = [f"  {QUESTIONS[0].upper()}", f"Hello! {QUESTIONS[1]} Thanks in advance, my friend."]
    a_test_set(team, items=[{"input": text} for text in [*items, "Another one?"]])
    alone = "Can somebody tell me whether the lighthouse is open on Sundays in winter?"
    a_test_set(team, "other", items=[{"input": f"{alone} I wonder."}, {"input": "Yet another?"}])
    queue = a_decided_queue(team, [QUESTIONS[0], alone, "Is there a car park?"])
    out = exported(team, queue)
    assert [row["messages"][0]["content"] for row in rows_of(out)] == ["Is there a car park?"]
    assert out.left_out == out.file.left_out == {"on-test-items": 2}
    assert sorted(str(each) for each in out.items) == [
        "'q0000' of other v1 (near-duplicate)",
        "'q0000' of questions v1 (exact)",
    ]


def test_strict_refuses_and_names_them(team: Team) -> None:
    a_test_set(team, items=[{"input": QUESTIONS[0]}, {"input": "Another one?"}])
    queue = a_decided_queue(team, [*QUESTIONS[:1], "Is there a car park?"])
    with pytest.raises(ExamplesOutError) as refused:
        exported(team, queue, strict=True)
    assert str(refused.value) == (
        "1 of 2 examples holds an item of a test set in use: 'q0000' of questions v1 (exact). What "
        "is judged on is never trained on: leave out --strict, and they are left out"
    )
    assert not TrainingFileVersion.objects.exists()
    assert not SentExample.objects.exists()


def test_items_of_retired_test_sets_may_go_out(team: Team) -> None:
    given_up(a_test_set(team, items=[{"input": QUESTIONS[0]}, {"input": "Another one?"}]))
    assert exported(team, a_decided_queue(team, QUESTIONS), strict=True).file.rows == 6


def test_test_sets_of_other_projects_dont_count(team: Team) -> None:
    a_test_set(a_team("Other", "other"), items=[{"input": QUESTIONS[0]}])
    assert exported(team, a_decided_queue(team, QUESTIONS)).file.rows == 6


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"form": "csv"}, "the format is one of chat, prompt-completion, dpo"),
        ({"form": "dpo"}, "no example is left to go out (left out: no-edit: 6)"),
    ],
)
def test_what_can_not_go_out_is_said(team: Team, change: dict[str, Any], message: str) -> None:
    with pytest.raises(ExamplesOutError) as refused:
        exported(team, a_decided_queue(team, QUESTIONS), **change)
    assert message in str(refused.value)


def test_right_answers_of_a_test_set_are_never_trained_on(team: Team) -> None:
    queue = a_decided_queue(team, QUESTIONS, purpose="references")
    with pytest.raises(ExamplesOutError, match="the right answers of a test set, which are never"):
        exported(team, queue)


def test_who_does_not_evaluate_exports_nothing(team: Team) -> None:
    queue = a_decided_queue(team, QUESTIONS)
    for person in (team.rui, team.sam):
        with pytest.raises(NotAllowedError):
            export_examples(project=team.project, queues=[queue], form="chat", by=person)


def test_a_queue_of_another_project_is_refused(team: Team) -> None:
    other = a_decided_queue(a_team("Other", "other"), QUESTIONS)
    with pytest.raises(ExamplesOutError, match="support-desk has no queue"):
        exported(team, other)


@pytest.mark.parametrize("what", ["a test set", "an erasure"])
def test_what_comes_while_test_sets_are_searched_lets_nothing_out(
    team: Team, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    queue = a_decided_queue(team, QUESTIONS)
    search = exporting.items_in_rows

    def meanwhile(*search_options: Any) -> Any:
        items = search(*search_options)
        if what == "a test set":
            a_test_set(team, "late", items=3)
        else:
            erase_examples(Example.objects.filter(queue=queue))
        return items

    monkeypatch.setattr(exporting, "items_in_rows", meanwhile)
    with pytest.raises(ExamplesOutError, match="at the same time: export again"):
        exported(team, queue)
    assert not TrainingFileVersion.objects.exists()
