"""Three people who compared model answers."""

import json

import pytest

from evalhub.stats.agreement import agreement, pair_kappas, rater_agreement
from evalhub.stats.ratings import read_ratings


def test_pandalms_annotators_agree_as_its_authors_say(shared_data):
    """Cohen's kappas .85, .88 and .86 on the published set; here every second comparison."""
    file = shared_data / "pandalm" / "comparisons.jsonl"
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    table = read_ratings([[row[f"annotator{k}"] for k in (1, 2, 3)] for row in rows])
    kappas = [pair.value for pair in pair_kappas(table)]
    assert kappas == pytest.approx([0.85, 0.88, 0.86], abs=0.03)
    result = agreement(table)
    assert result.state == "ok"
    assert result.krippendorff_alpha.lower < sum(kappas) / 3 < result.krippendorff_alpha.upper
    assert min(r.agreement for r in rater_agreement(table)) > 0.85
