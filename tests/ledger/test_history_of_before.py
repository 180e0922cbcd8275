"""Blessings from before there was a history: the upgrade tells it by them."""

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from evalhub.ledger.models import Blessing, StageMove
from evalhub.registry.models import ModelVersion
from tests.cast import Team, a_version
from tests.features.lifecycle.test_promotion import decided

BEFORE = [("gate", "0003_named"), ("registry", "0025_score_cases")]


def migrate(to: list[tuple[str, str]]) -> MigrationExecutor:
    executor = MigrationExecutor(connection)
    executor.migrate(to)
    return MigrationExecutor(connection)


@pytest.mark.django_db(transaction=True)
@pytest.mark.heavy
def test_what_was_blessed_is_told_and_what_was_live_by_hand_is_a_candidate(team: Team) -> None:
    newest = MigrationExecutor(connection).loader.graph.leaf_nodes()  # of what rests on them, too
    base = a_version(team, "base")
    tuned = a_version(team, "tuned", parent=base)
    other = a_version(team, "other")
    decision = decided(team, base, tuned, slug="first")
    try:
        then = migrate(BEFORE).loader.project_state(BEFORE).apps
        live = then.get_model("registry", "ModelVersion").objects.filter(
            pk__in=[tuned.pk, other.pk]
        )
        live.update(stage="live")
        before = None
        for version, reason in ((base, "It runs."), (tuned, "Better."), (base, "Back.")):
            before = then.get_model("gate", "Blessing").objects.create(
                project_id=team.project.pk,
                version_id=version.pk,
                decision_id=decision.pk,
                by_id=team.olga.pk,
                reason=reason,
                before=before,
            )
    finally:
        migrate(newest)
    stages = {str(each): each.stage for each in ModelVersion.objects.all()}
    assert stages == {"base v1": "champion", "tuned v1": "retired", "other v1": "candidate"}
    moves = StageMove.objects.newest_first().reverse()
    assert [(str(each.version), each.was, each.stage, each.reason) for each in moves] == [
        ("base v1", "candidate", "champion", "It runs."),
        ("base v1", "champion", "retired", "Better."),
        ("tuned v1", "candidate", "champion", "Better."),
        ("tuned v1", "champion", "retired", "Back."),
        ("base v1", "retired", "champion", "Back."),
    ]
    for blessing in Blessing.objects.all():
        assert {each.created for each in blessing.moves.all()} == {blessing.created}
