"""Pages ask the database equally often, however much there is."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from evalhub.ledger.decide import decide_study
from evalhub.registry.models import ModelVersion, Run, Study, TestSet
from evalhub.site.study.tabs import LABELS
from tests.cast import Team, a_run, a_test_set, a_version, a_working_set
from tests.site.cases import a_measured_study, many_like

LISTS = ("studies", "runs", "test_sets", "working_sets", "versions")


def queries(client: Client, address: str) -> int:
    with CaptureQueriesContext(
        connection,
    ) as asked:
        assert client.get(address, headers={"HX-Request": "true"}).status_code == 200, address
    return len(asked)


@pytest.fixture
def olga(olga: Client) -> Client:
    """Olga, of whom it is noted already that she has seen results: that costs a query once."""
    olga.get(reverse("site:studies"))
    return olga


def addresses(study: Study) -> list[str]:
    run = Run.objects.filter(studies__arm__study=study).first()
    version = ModelVersion.objects.filter(arms__study=study, parent=None).get()
    tuned = ModelVersion.objects.filter(arms__study=study).exclude(parent=None).earliest("pk")
    test_set = TestSet.objects.filter(versions__studies__study=study).first()
    decision = study.decisions.first()
    assert run
    assert test_set
    assert decision
    return [
        reverse("site:criterion", args=[decision.pk, 1]),
        reverse("site:record", args=[decision.pk]),
        *(reverse("site:study", args=[study.pk], query={"tab": tab}) for tab in LABELS),
        reverse("site:study", args=[study.pk], query={"tab": "answers", "outcome": "lost"}),
        reverse("site:study_cost", args=[study.pk]),
        reverse("site:study_file", args=[study.pk]),
        reverse("site:study_items", args=[study.pk]),
        reverse("site:study_items", args=[study.pk], query={"text": "ight", "tag": "tag0"}),
        reverse("site:study_item", args=[study.pk, f"{study.slug}-task", "q0001"]),
        reverse("site:study_policy", args=[study.pk]),
        reverse("site:run", args=[run.pk]),
        reverse("site:run_items", args=[run.pk]),
        reverse("site:run_item", args=[run.pk, "q0001"]),
        reverse("site:test_set_items", args=[test_set.pk]),
        reverse("site:test_set_item", args=[test_set.pk, "q0001"]),
        reverse("site:test_set", args=[test_set.pk]),
        reverse("site:version", args=[version.pk]),
        reverse("site:versions_beside", query={"left": version.pk, "right": tuned.pk}),
    ]


def test_pages_of_one_thing_take_as_many_queries_for_ten_times_as_much(
    olga: Client, team: Team
) -> None:
    small = a_measured_study(team, items=4, tags=1, slug="small")
    large = a_measured_study(team, items=40, tags=8, slug="large")
    undecided = [reverse("site:study", args=[each.pk]) for each in (small, large)]
    assert queries(olga, undecided[0]) == queries(olga, undecided[1])
    for study in (small, large):
        decide_study(study=study)
    for few, many in zip(addresses(small), addresses(large), strict=True):
        assert queries(olga, few) == queries(olga, many), few


def test_pages_of_a_working_set_take_as_many_queries_for_ten_times_as_much(
    olga: Client, team: Team
) -> None:
    few, many = (
        a_working_set(team, a_test_set(team, f"of-{n}", items=n, tags=["a", "b"])) for n in (4, 40)
    )
    many.items.filter(position__lt=30).update(change="changed")
    few.items.filter(position__lt=2).update(change="changed")
    for name in ("working_set", "publish_set"):
        pages = [reverse(f"site:{name}", args=[each.pk]) for each in (few, many)]
        assert queries(olga, pages[0]) == queries(olga, pages[1]), name


def test_lists_take_as_many_queries_for_ten_rows_as_for_two(olga: Client, team: Team) -> None:
    lists = [reverse(f"site:{name}") for name in LISTS]

    def add(slug: str) -> None:
        a_working_set(team, a_test_set(team, f"written-{slug}"))
        decide_study(study=a_measured_study(team, items=4, slug=slug))

    add("one")
    few = [queries(olga, each) for each in lists]
    for slug in ("two", "three", "four"):
        add(slug)
    base = a_version(team, "lonely")
    a_run(base, a_test_set(team, "lonely", items=2), scores=[0, 1])
    assert [queries(olga, each) for each in lists] == few


def test_the_home_and_the_lists_take_as_many_queries_for_sixty_studies_as_for_two(
    olga: Client, team: Team
) -> None:
    study = a_measured_study(team, items=4)
    decide_study(study=study)
    many_like(study, 1)
    Study.objects.update(changed=timezone.now())  # so that each is looked at
    Run.objects.filter(pk=Run.objects.latest("pk").pk).update(state="failed")
    a_version(team, "first")
    addresses = ["/", "/studies/", "/studies/?verdict=hold&q=like&sort=-decided"]
    few = [queries(olga, each) for each in addresses]
    many_like(study, 58)
    Study.objects.update(changed=timezone.now())
    Run.objects.update(state="failed")
    for number in range(60):
        a_version(team, f"untried-{number}")
    assert [queries(olga, each) for each in addresses] == few


def test_following_a_run_costs_two_queries_beside_signing_in(olga: Client, team: Team) -> None:
    run = a_run(a_version(team), a_test_set(team, items=2), scores=[0, 1])
    Run.objects.filter(pk=run.pk).update(state="running")
    # session, person, whether they see results, the run, how many requests its workers send
    assert queries(olga, reverse("site:run_progress", args=[run.pk])) == 5
