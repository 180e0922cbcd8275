"""Looks that were taken while claims were known by answers and ids: who took them pays no more."""

from collections.abc import Sequence

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from evalhub.ledger.claims import claims_of
from evalhub.ledger.decide import decide_study
from evalhub.ledger.models import Look
from evalhub.ledger.study_evidence import read_study_evidence
from evalhub.registry.models import Study, TestSetVersion
from evalhub.registry.models.studies import ArmRole
from evalhub.studies.run.plan import next_looks
from tests.cast import Team, a_run, a_study, a_test_set, a_version
from tests.tampering import administrator

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.heavy]

BEFORE = [("gate", "0007_chained"), ("registry", "0029_run_going_on")]


def migrate(to: list[tuple[str, str]]) -> None:
    executor = MigrationExecutor(connection)
    executor.migrate(to)


def a_trial(team: Team, slug: str, on: TestSetVersion, guard: TestSetVersion, won: int) -> Study:
    """The same line's answers, of which no build is stated, with so many right."""
    base, tuned = a_version(team, "base"), a_version(team, "tuned", parent=a_version(team, "base"))
    for version, right in ((base, 0), (tuned, won)):
        for asked in (on, guard):
            if version == base and base.runs.filter(test_set_version=asked).exists():
                continue
            a_run(version, asked, scores=[1.0] * right + [0.0] * (asked.item_count - right))
    return a_study(team, baseline=base, candidate=tuned, primary=on, guards=[guard], slug=slug)


def looked(study: Study) -> list[tuple[str, int, float]]:
    record = decide_study(study=study)[0].document
    assert record.ledger is not None
    planned = {each.test_set: (each.number, each.level) for each in next_looks(study)}
    for row in record.ledger.test_sets:
        assert planned[row.test_set] == (row.number, pytest.approx(row.level))
    return [(row.test_set, row.number, row.level) for row in record.ledger.test_sets]


def as_they_were(studies: Sequence[Study]) -> dict[int, str]:
    """By look, the digest that its claim was known by."""
    claims = []
    for study in studies:
        evidence = read_study_evidence(study)
        arms = (
            evidence.study.arms.get(role=role) for role in (ArmRole.BASELINE, ArmRole.CANDIDATE)
        )
        claims += claims_of(evidence, *arms, arms=1)
    former = {claim.digest: claim.former for claim in claims}
    return {look.pk: former[look.claim] for look in Look.objects.all()}


def test_an_upgraded_home_charges_nobody_twice_and_nobody_less(team: Team) -> None:
    newest = MigrationExecutor(connection).loader.graph.leaf_nodes()
    questions, sums = a_test_set(team, "questions", items=40), a_test_set(team, "sums", items=30)
    studies = [a_trial(team, f"trial-{won}", questions, sums, won) for won in (10, 15)]
    first = [looked(study) for study in studies]
    assert [rows[0][:2] for rows in first] == [("questions", 1), ("questions", 2)]
    former = as_they_were(studies)
    try:
        migrate(BEFORE)
        with administrator(), connection.cursor() as cursor:
            for pk, claim in former.items():
                cursor.execute("UPDATE ledger_look SET claim = %s WHERE id = %s", [claim, pk])
            cursor.execute("DELETE FROM ledger_ledgerlink")
    finally:
        migrate(newest)
    assert set(Look.objects.values_list("claim", flat=True)) == set(former.values())
    before = Look.objects.count()
    assert [looked(study) for study in studies] == first, "as they were judged"
    assert Look.objects.count() == before, "and nothing is taken again"
    third = a_trial(team, "trial-20", questions, sums, 20)
    assert [row[:2] for row in looked(third)] == [("questions", 3), ("sums", 3)]
    fresh = a_test_set(team, "fresh", items=40)
    elsewhere = a_trial(team, "fresh", fresh, sums, 25)
    (_, number, _), (_, guard, _) = looked(elsewhere)
    assert (number, guard) == (4, 4), "three tries were counted, two of them from before"
