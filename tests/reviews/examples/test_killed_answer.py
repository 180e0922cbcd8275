"""A process that dies while it deals or keeps an answer: nothing half-written remains."""

import sys
from pathlib import Path

import pytest

from tests.database.test_tables import call
from tests.features.traffic.test_backup_of_traffic import succeeds

pytestmark = pytest.mark.heavy

WORLD = """
from tests.migrated import set_up_migrated
set_up_migrated()
from tests.cast import a_team
from tests.reviews.examples.queue_steps import a_queue, at_hand, say
team = a_team()
queue = a_queue(team, examples=2, people=2)
say(at_hand(queue, team.ruth), "accept")
"""
DIES = """
import sys
from tests.migrated import set_up_migrated
set_up_migrated()
from evalhub.accounts.models import User
from reviews.examples.annotating import undo
from reviews.models import ExampleQueue
from tests.killed_writes import deaths, in_a_child, print_counts
from tests.reviews.examples.queue_steps import at_hand, say

def answer_and_take_back():
    rui, queue = User.objects.get(username="rui"), ExampleQueue.objects.get()
    if not queue.annotations.filter(annotator=rui, state="undone").exists():
        say(at_hand(queue, rui), "edit", "In 30 days.")
        undo(queue=queue, user=rui)
    turn = at_hand(queue, rui)
    if turn.example.annotations.filter(annotator__username="ruth").exists():
        say(turn, "edit", "In 30 days.")

def print_faults():
    # a seat that nobody holds, an answer without its outcome, an outcome without its answers
    print_counts([
        "reviews_example WHERE taken <> (SELECT count(*) FROM reviews_annotation a WHERE "
        "a.example_id = reviews_example.id AND a.purpose = 'main' AND a.state IN "
        "('leased', 'answered'))",
        "reviews_example WHERE state = 'disputed' AND (SELECT count(*) FROM reviews_annotation a "
        "WHERE a.example_id = reviews_example.id AND a.state = 'answered') <> 2",
        "reviews_example WHERE state <> 'disputed' AND (SELECT count(*) FROM reviews_annotation a "
        "WHERE a.example_id = reviews_example.id AND a.state = 'answered') = 2",
    ])

for _ in deaths(answer_and_take_back):
    print_faults()
    in_a_child(answer_and_take_back)
    print_counts(["reviews_example WHERE state = 'disputed'"])
"""


def test_an_answer_is_whole_or_not_there_at_whichever_write_its_process_is_killed(
    tmp_path: Path,
) -> None:
    """On SQLite, before each write of a deal, an answer, an undo, and the next answer. Whoever
    comes after finishes what was begun: both answered the first example, and differ."""
    variables = {
        "PYTHONPATH": str(Path(__file__).resolve().parents[3]),
        "DJANGO_SETTINGS_MODULE": "evalhub.settings",
    }
    succeeds(call(sys.executable, "-c", WORLD, at=tmp_path, **variables))
    done = call(sys.executable, "-c", DIES, at=tmp_path, **variables)
    succeeds(done)
    counts = [line.strip() for line in done.stdout.strip().splitlines()]
    faults, finished = counts[::2], counts[1::2]
    assert len(faults) > 10
    assert set(faults) == {"0 0 0"}, counts
    assert set(finished) == {"1"}, counts
