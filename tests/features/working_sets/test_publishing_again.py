"""A working set is published by a process that dies meanwhile: the same request again is answered
with what it became."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from evalhub.features.table import TIDIED
from evalhub.features.working_sets.models import WorkingItem, WorkingSet
from evalhub.frames.rest.models import Answered
from evalhub.registry.models import TestSetVersion
from evalhub.studies.run.tidying import tidy
from tests.api.conftest import Program
from tests.cast import Team, a_test_set, a_working_set

Programs = Callable[..., Program]


class Died(Exception):
    pass


def dying_at(statement: str) -> Callable[..., Any]:
    """The process ends before the first statement that begins like this."""

    def executed(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.startswith(statement):
            raise Died
        return execute(sql, params, many, context)

    return executed


def forget_the_answer() -> None:
    """As it is three minutes after a process has ended that was to answer."""
    earlier = timezone.now() - timedelta(seconds=1)
    Answered.objects.update(status=None, body=None, held_until=earlier)
    WorkingSet.objects.update(busy_until=earlier)


@pytest.mark.parametrize("split", [False, True])
def test_a_set_whose_items_were_being_taken_away_was_published(
    program: Programs, team: Team, split: bool
) -> None:
    caller, at = program(), f"/working-sets/{a_working_set(team, a_test_set(team)).pk}"
    if split:
        assert caller.post(f"{at}/split", {"share": 0.5}).status_code == 200
    with connection.execute_wrapper(dying_at('DELETE FROM "working_sets_workingitem"')):
        assert caller.post(f"{at}/publish", seen="*", key="once").status_code == 500
    again = caller.post(f"{at}/publish", seen="*", key="once")
    assert (again.status_code, again.headers["Idempotency-Replayed"]) == (201, "true")
    names = [each["test_set"] for each in again.json()["versions"]]
    assert names == (["questions", "questions-dev"] if split else ["questions"])
    assert caller.client.get(again.headers["Location"]).status_code == 200
    assert caller.get(at).status_code == 404
    assert caller.post(f"{at}/publish", seen="*", key="another").status_code == 404
    tidy(TIDIED)
    assert not WorkingSet.objects.exists()
    assert not WorkingItem.objects.exists()


def test_a_set_that_is_still_there_is_published_as_what_was_made_of_it(
    program: Programs, team: Team
) -> None:
    caller, version = program(), a_test_set(team)
    published, there = (f"/working-sets/{a_working_set(team, version).pk}" for _ in range(2))
    added = {"rows": [{"id": "new", "input": "Is this new?"}]}
    for at in (published, there):
        caller.post(f"{at}/items", added)
    made = caller.post(f"{published}/publish", seen="*").json()
    seen = caller.get(there).headers["ETag"]
    with connection.execute_wrapper(dying_at('UPDATE "rest_answered"')):
        assert caller.post(f"{there}/publish", seen=seen, key="once").status_code == 500
    forget_the_answer()
    again = caller.post(f"{there}/publish", seen=seen, key="once")
    assert (again.status_code, again.json()) == (201, made)
    assert TestSetVersion.objects.count() == 2
    assert caller.get(there).status_code == 404
