"""A site's pages of random decisions: their numbers and comparative words are the record's."""

import re

import numpy as np
import pytest
from django.test import Client
from django.urls import reverse

from evalhub.ledger.decide import decide_study
from tests.cast import Team, a_run, a_study, a_test_set, a_version
from tests.report.reading.renderings import html_blocks, rendering_faults
from tests.report.reading.sentences import Reading

SECTION = re.compile(
    r'<section class="card (?:verdict|matrix)-card.*?</section>|<section class="card" '
    r'aria-labelledby="(?:in-full|measured|verdict|decide|computed)[-\d]*">.*?</section>',
    re.S,
)


def faults_of_pages(olga: Client, team: Team, seed: int) -> list[str]:
    """Of the study's page and of each criterion's own."""
    rng = np.random.default_rng(seed)
    names = ["task", "reading", "facts"][: int(rng.integers(1, 4))]
    versions = [a_test_set(team, name, items=60) for name in names]
    base = a_version(team, "base")
    tuned = a_version(team, "tuned", parent=base)
    for version in versions:
        rate, change = rng.choice([0.0, 0.5, 0.9, 1.0]), rng.choice([0.05, 0.2, 0.5])
        before = (rng.random(60) < rate).astype(float)
        after = np.where(rng.random(60) < change, (rng.random(60) < 0.5).astype(float), before)
        after[0] = 1 - before[0]
        for arm, scores in ((base, before), (tuned, after)):
            a_run(arm, version, scores=scores.tolist())
    study = a_study(team, baseline=base, candidate=tuned, primary=versions[0], guards=versions[1:])
    study.test_sets.filter(role="guard").update(margin=float(rng.choice([0.02, 0.1, 0.4])))
    decision = decide_study(study=study)[0]
    record = decision.document.as_json()
    found = Reading(record).all()
    addresses = [reverse("site:study", args=[study.pk])]
    numbers = range(1, len(record["criteria"]) + 1)
    addresses += [reverse("site:criterion", args=[decision.pk, n]) for n in numbers]
    for address in addresses:
        sections = SECTION.findall(olga.get(address).text)
        assert len(sections) >= 2
        found += rendering_faults(html_blocks(" ".join(sections)), record)
    return found


@pytest.mark.parametrize("seed", range(2))
def test_a_study_s_pages_say_what_its_record_does(olga: Client, team: Team, seed: int) -> None:
    assert faults_of_pages(olga, team, seed) == []


@pytest.mark.heavy
@pytest.mark.parametrize("seed", range(2, 42))
def test_so_do_many(olga: Client, team: Team, seed: int) -> None:
    assert faults_of_pages(olga, team, seed) == []
