"""A study on a metric of a team's own: known by its code, scored by that or not at all."""

from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse

from evalhub.accounts.models import User
from evalhub.io.rows import DataError
from evalhub.registry.models import Metric, Run, Score, Study
from evalhub.studies.file.document import study_document
from evalhub.studies.file.origin import OperatorFile
from evalhub.studies.file.spec import read_study
from evalhub.studies.run.advance import advance
from evalhub.studies.run.register import register_study
from runners.execute import process_shard
from tests.runners.metrics.own import KEPT, a_home_with, written
from tests.studies.desks import Desk, ran

pytestmark = pytest.mark.django_db(transaction=True)
CHANGED = KEPT + "# changed\n"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    desk = Desk(tmp_path)
    desk.study["test_sets"]["triage"]["metric"] = {"name": "words_kept", "lower": False}
    return desk


def work() -> None:
    for run in Run.objects.unfinished():
        while process_shard(run.pk):
            pass


def test_a_study_is_scored_by_it(desk: Desk, tmp_path: Path) -> None:
    with a_home_with(written(tmp_path / "house.py", KEPT)):
        study = ran(desk)
        document = study_document(study)
    metric = Metric.objects.get(name="words_kept")
    values = Score.objects.filter(metric=metric).values_list("value", flat=True)
    assert (len(values), sum(values)) == (120, 30)
    assert document.data["test_sets"]["triage"]["metric"] == {"name": "words_kept", "lower": False}


def test_code_that_has_changed_stops_the_run_and_nothing_is_mixed(
    desk: Desk, tmp_path: Path
) -> None:
    house = written(tmp_path / "house.py", KEPT)
    with a_home_with(house):
        register_study(read_study(desk.write(), OperatorFile()))
    house.write_text(CHANGED)
    with a_home_with(house):
        work()
    stopped = Run.objects.filter(metrics__metric__name="words_kept")
    assert {run.state for run in stopped} == {"failed"}
    assert all("changed code is another metric" in run.error for run in stopped)
    assert not Score.objects.filter(metric__name="words_kept").exists()
    with a_home_with(house):
        study = ran(desk)
    old, new = Metric.objects.filter(name="words_kept").order_by("pk")
    assert study.test_sets.get(name="triage").metric == new
    assert Score.objects.filter(metric=new).count() == 120
    replaced = Score.objects.filter(metric=old)
    assert set(replaced.values_list("value", flat=True)) == {None}
    assert all("changed code is another metric" in score.reason for score in replaced)


def test_a_metric_that_is_gone_refuses_a_new_study_and_shows_the_old(
    desk: Desk, tmp_path: Path
) -> None:
    with a_home_with(written(tmp_path / "house.py", KEPT)):
        study = ran(desk)
    assert study_document(Study.objects.get(pk=study.pk)).data["test_sets"]["triage"]["metric"]
    client = Client()
    client.force_login(User.objects.create_superuser("root"))
    advance(study=study, by=None)
    run = Run.objects.filter(metrics__metric__name="words_kept")[0]
    metric = run.metrics.get(metric__name="words_kept").metric
    pages = (("study", study.pk), ("run", run.pk), ("metric_cases", metric.pk))
    for name, key in pages:
        page = client.get(reverse(f"site:{name}", args=[key]))
        assert page.status_code == 200, name
        assert "words_kept" in page.content.decode(), name
    with pytest.raises(DataError, match=r"study.yaml.*field 'test_sets.triage.metric': one of"):
        read_study(desk.write(), OperatorFile())
