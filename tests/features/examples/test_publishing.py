"""Accepted examples become a test-set version, without what went out to training: never both."""

from typing import Any

import pytest

from evalhub.accounts.models import LogEntry
from evalhub.features.examples.models import SentExample
from evalhub.features.examples.out.exporting import ExamplesOutError, export_examples
from evalhub.features.examples.out.publishing import PublishedExamples, publish_examples
from evalhub.io.items import EDITED
from evalhub.ledger.training_pairs import training_pairs
from evalhub.registry.models import TestSetVersion
from reviews.examples.drafts import ExampleDraft
from reviews.examples.queues import add_examples, create_queue
from reviews.models import ExampleQueue, ExampleSource
from tests.cast import Team, a_test_set, given_up
from tests.features.examples.outgoing import a_decided_queue, example_of
from tests.features.exporters.test_judgments import judged, questions_of
from tests.reviews.examples.queue_steps import at_hand, say

pytestmark = pytest.mark.django_db
QUESTIONS = [f"How do I return parcel number {n} to your shop?" for n in range(6)]


def published(
    team: Team, *queues: ExampleQueue, test_set: str = "parcels", **more: Any
) -> PublishedExamples:
    return publish_examples(
        project=team.project, queues=queues, test_set=test_set, by=team.olga, **more
    )


def test_accepted_examples_become_items_with_their_answers_as_references(team: Team) -> None:
    queue = a_decided_queue(
        team, QUESTIONS, edits={QUESTIONS[1]: "In the box."}, rejected=QUESTIONS[:1]
    )
    out = published(team, queue)
    assert (str(out.version), out.version.item_count, out.examples) == ("parcels v1", 5, 5)
    item = out.version.items.get(key=f"example-{example_of(queue, QUESTIONS[1]).pk}")
    assert (item.input, item.references) == (QUESTIONS[1], ["In the box."])
    assert SentExample.objects.get(item=item).example == example_of(queue, QUESTIONS[1])
    assert published(team, queue).version == out.version
    assert LogEntry.objects.filter(action="exported", by=team.olga).count() == 2


def test_a_test_set_that_is_there_goes_on(team: Team) -> None:
    a_test_set(team, "parcels", items=[{"input": "Is it open?"}, {"input": QUESTIONS[0]}])
    out = published(team, a_decided_queue(team, QUESTIONS[:3]))
    assert (out.version.number, out.version.item_count, out.examples) == (2, 4, 2)
    assert out.left_out == {"same-question": 1}
    assert [item.key for item in out.version.items.order_by("position")][:2] == ["q0000", "q0001"]


def test_right_answers_are_written_into_the_next_version(team: Team) -> None:
    before = a_test_set(
        team, "parcels", items=[{"input": text, "references": []} for text in QUESTIONS]
    )
    queue = create_queue(
        project=team.project, by=team.olga, name="answers", purpose="references", seed=7
    )
    items = list(before.items.order_by("position")[:2])
    drafts = [
        ExampleDraft(input=each.input, source=ExampleSource.PERSON, item=each.pk) for each in items
    ]
    add_examples(queue=queue, drafts=drafts, by=team.olga)
    for _ in items:
        say(at_hand(queue, team.rui), "edit", "In the box.")
    out = published(team, queue)
    after = out.version.items.order_by("position")
    assert [item.references for item in after] == [["In the box."]] * 2 + [[]] * 4
    assert [item.key for item in after] == [item.key for item in before.items.order_by("position")]
    assert (out.version.number, out.examples, out.left_out) == (2, 2, {})


def test_an_edit_of_a_production_answer_says_that_it_leans_to_its_model(team: Team) -> None:
    queue = a_decided_queue(
        team,
        QUESTIONS[:1],
        source=ExampleSource.TRAFFIC,
        reference={"day": "2026-11-01", "request": "r1"},
    )
    [item] = published(team, queue).version.items.all()
    assert item.metadata.items() >= EDITED.items()


def test_what_went_out_to_training_is_left_out_and_counted(team: Team) -> None:
    export_examples(
        project=team.project,
        queues=[a_decided_queue(team, QUESTIONS[:2], name="trained")],
        form="chat",
        by=team.olga,
    )
    near = f"Hello there! {QUESTIONS[1]} Thank you."
    queue = a_decided_queue(team, [f" {QUESTIONS[0].upper()} ", near, "Is there a car park?"])
    out = published(team, queue)
    assert (out.version.item_count, out.left_out) == (1, {"in-training-files": 2})
    assert sorted(str(row) for row in out.rows)[0].startswith("line ")
    assert {row.file for row in out.rows} == {"trained-chat v1"}
    with pytest.raises(ExamplesOutError, match="2 of 3 examples have gone out to training: exampl"):
        published(team, queue, test_set="strict", strict=True)
    assert not TestSetVersion.objects.filter(test_set__slug="strict").exists()


def test_pairs_of_reviews_that_went_out_count_too(team: Team) -> None:
    campaign = judged(team, released=True)
    training_pairs(campaign=campaign, by=team.olga, ties="drop")
    won = campaign.pairs.get(position=6).item.input
    out = published(team, a_decided_queue(team, [won, "Is there a car park?"]))
    assert (out.version.item_count, out.left_out) == (1, {"in-training-files": 1})


def test_where_nothing_is_left_no_version_is_made(team: Team) -> None:
    queue = a_decided_queue(team, QUESTIONS)
    export_examples(project=team.project, queues=[queue], form="chat", by=team.olga)
    with pytest.raises(ExamplesOutError, match=r"left out: in-training-files: 6"):
        published(team, queue)
    assert not TestSetVersion.objects.exists()


def test_and_what_became_a_test_item_does_not_go_out_to_training(team: Team) -> None:
    queue = a_decided_queue(team, QUESTIONS)
    published(team, queue)
    with pytest.raises(ExamplesOutError, match="left out: on-test-items: 6"):
        export_examples(project=team.project, queues=[queue], form="chat", by=team.olga)


def test_a_retired_test_set_does_not_go_on(team: Team) -> None:
    given_up(a_test_set(team, "parcels", items=2))
    with pytest.raises(ExamplesOutError, match=r"parcels v1 was retired on .*: take another name"):
        published(team, a_decided_queue(team, QUESTIONS))


def test_items_of_a_reviews_test_set_stay_there(team: Team) -> None:
    """Nothing that is asked for a test set changes the one that is there."""
    campaign = judged(team)
    version = questions_of(campaign)
    before = version.digest
    published(team, a_decided_queue(team, QUESTIONS), test_set=version.test_set.slug)
    version.refresh_from_db()
    assert version.digest == before
