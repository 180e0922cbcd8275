"""Who sees results: owners and evaluators of the project, and nobody else."""

from django.urls import reverse

from evalhub.ledger.decide import decide_study
from evalhub.registry.models import ModelVersion, Run, TestSet, TestSetVersion
from tests.cast import Team, a_score_audit, a_working_set
from tests.site.cases import a_measured_study

LISTS = ["studies", "runs", "test_sets", "working_sets", "versions"]
FORMS = ["new_working_set", "new_run", "new_version", "strategy"]


def pages(team: Team) -> list[str]:
    study = a_measured_study(team)
    decision = decide_study(study=study)[0]
    written = a_working_set(team, TestSetVersion.objects.latest("pk"))
    things = {
        "study": study.pk,
        "study_cost": study.pk,
        "study_file": study.pk,
        "study_policy": study.pk,
        "study_yaml": study.pk,
        "study_zip": study.pk,
        "study_items": study.pk,
        "run_items": Run.objects.latest("pk").pk,
        "test_set_items": TestSet.objects.latest("pk").pk,
        "study_panel": study.pk,
        "study_progress": study.pk,
        "decision": decision.pk,
        "record": decision.pk,
        "run": Run.objects.latest("pk").pk,
        "run_progress": Run.objects.latest("pk").pk,
        "test_set": TestSet.objects.latest("pk").pk,
        "version": ModelVersion.objects.latest("pk").pk,
        "working_set": written.pk,
        "add_rows": written.pk,
        "add_item": written.pk,
        "publish_set": written.pk,
    }
    found = [reverse(f"site:{name}", args=[pk]) for name, pk in things.items()]
    audit = a_score_audit(team, Run.objects.latest("pk"))
    judged = [audit.metric_id, audit.drawn[0]]
    found += [
        reverse("site:metric_cases", args=judged[:1]),
        reverse("site:dispute_score", args=judged),
        reverse("site:score_audit", args=[audit.pk]),
    ]
    item = reverse("site:change_item", args=[written.pk, written.items.all()[0].pk])
    run, test_set = things["run"], things["test_set"]
    return [
        *found,
        item,
        reverse("site:criterion", args=[decision.pk, 1]),
        reverse(
            "site:versions_beside",
            query={"left": things["version"], "right": ModelVersion.objects.earliest("pk").pk},
        ),
        reverse("site:study_item", args=[study.pk, "triage-task", "q0001"]),
        reverse("site:run_item", args=[run, "q0001"]),
        reverse("site:test_set_item", args=[test_set, "q0001"]),
        reverse("site:study_items_file", args=[study.pk, "jsonl"]),
        reverse("site:run_items_file", args=[run, "csv"]),
        reverse("site:test_set_items_file", args=[test_set, "csv"]),
    ]
