"""The form of a metric offers this home's own by their names, with their options and no others."""

from pathlib import Path

from django.http import QueryDict

from evalhub.features.study_builder.metric_form import MetricForm, choosable_metrics
from tests.runners.metrics.own import KEPT, a_home_with, written


def test_the_form_has_an_own_metric_with_its_options(tmp_path: Path) -> None:
    with a_home_with(written(tmp_path / "house.py", KEPT)):
        form = MetricForm(QueryDict("metric=words_kept&option_extract="))
        assert [field.name for field in form.options] == ["option_extract", "option_lower"]
        assert form.is_valid(), form.errors
        assert form.cleaned_data["scoring"].options["lower"] is False
        forged = MetricForm(QueryDict("metric=words_kept&option_code_sha256=" + "0" * 64))
        assert forged.is_valid()
        assert forged.cleaned_data["scoring"].options["code_sha256"] != "0" * 64


def test_a_file_that_can_t_be_leaves_evalhub_s_own(tmp_path: Path) -> None:
    with a_home_with(tmp_path / "no.py"):
        assert "exact_match" in choosable_metrics()
    assert "words_kept" not in choosable_metrics()
