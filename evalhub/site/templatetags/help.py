"""Template tag: the link from a page to its document."""

from typing import Any

from django import template
from django.urls import reverse

register = template.Library()

_RUNS = "reference/dashboard.md#runs-test-sets-versions"
_DISPUTES = "reference/scores.md#when-a-score-is-wrong"
_WORKING = "reference/test-sets.md#working-sets-edited-on-the-web"
_PRODUCTION = "how-to/production.md"
_EXAMPLES = "how-to/write-examples.md"
_EXPERIMENT = "how-to/live-experiment.md"
_MONITORING = "how-to/monitoring.md"
_DATA = "how-to/check-training-data.md"
_PREDICTION = f"{_EXPERIMENT}#did-offline-predict-online"
_TALK = "how-to/talk.md"
_ITEMS, _ITEM = "how-to/items.md#finding-them", "how-to/items.md#one-item"
# by view name; for every page that a person opens
DOCUMENTS = {
    "account_change_password": "how-to/accounts.md",
    "account_inactive": "how-to/accounts.md",
    "account_reauthenticate": "how-to/accounts.md",
    "accounts:account": "how-to/accounts.md#your-account",
    "site:add_item": _WORKING,
    "site:add_rows": _WORKING,
    "site:add_to_test_set": _WORKING,
    "site:campaign": "how-to/campaigns.md#while-it-runs",
    "site:campaign_audit": "reference/review-audit.md#was-it-blind",
    "site:campaign_judgments": "reference/review-results.md#judgment-by-judgment",
    "site:campaign_results": "reference/review-results.md#what-the-page-says",
    "site:campaigns": "how-to/campaigns.md",
    "site:change_item": _WORKING,
    "site:check_data": f"{_DATA}#on-the-web",
    "site:choose_study": "how-to/campaigns.md",
    "site:costs": "how-to/cost-of-ownership.md",
    "site:criterion": "reference/dashboard.md#a-criterion",
    "site:data_report": f"{_DATA}#what-the-report-says",
    "site:data_reports": _DATA,
    "site:dispute_score": _DISPUTES,
    "site:members": "how-to/members.md#invite-a-colleague",
    "site:method": "explanation/statistics.md",
    "site:method_rates": "reference/verdict-rates.md",
    "site:methods": "explanation/statistics.md",
    "site:metric_cases": _DISPUTES,
    "site:new_campaign": "how-to/campaigns.md",
    "site:new_comparison": "how-to/new-comparison.md",
    "site:new_run": "reference/runs.md#on-the-web",
    "site:new_version": _RUNS,
    "site:new_working_set": _WORKING,
    "site:overview": "reference/dashboard.md#overview",
    "site:production": _PRODUCTION,
    "site:production_figures": _PRODUCTION,
    "site:production_keeping": f"{_PRODUCTION}#what-is-kept",
    "site:production_refused": f"{_PRODUCTION}#what-wasnt-taken",
    "site:production_request": f"{_PRODUCTION}#requests",
    "site:production_requests": f"{_PRODUCTION}#requests",
    "site:production_sample": "how-to/shadow-study.md#draw-a-sample",
    "site:production_samples": "how-to/shadow-study.md#draw-a-sample",
    "site:production_sending": f"{_PRODUCTION}#send-requests-here",
    "site:production_served": f"{_PRODUCTION}#which-version-it-is",
    "site:production_signals": f"{_PRODUCTION}#signals",
    "site:production_slices": f"{_PRODUCTION}#slices",
    "site:prompts_beside": "how-to/lay-beside.md#two-prompts",
    "site:project_log": "how-to/members.md#the-audit-log",
    "site:project": "reference/dashboard.md#a-project",
    "site:projects": "reference/dashboard.md#a-project",
    "site:publish_set": _WORKING,
    "site:record": "reference/dashboard.md#a-decisions-record",
    "site:run": "reference/runs.md#while-a-run-goes-on",
    "site:run_item": _ITEM,
    "site:run_items": _ITEMS,
    "site:runs": _RUNS,
    "site:runs_beside": "how-to/lay-beside.md",
    "site:saved_views": f"{_TALK}#save-a-view",
    "site:share_decision": f"{_TALK}#share-a-decision",
    "site:score_audit": _DISPUTES,
    "site:search": "reference/dashboard.md#search",
    "site:site_log": "how-to/members.md#the-audit-log",
    "site:studies": "reference/dashboard.md#studies",
    "site:study": "reference/dashboard.md#studies",
    "site:strategy": "how-to/strategy.md",
    "site:add_example_file": _EXAMPLES,
    "site:endpoint": "reference/dashboard.md#endpoints",
    "site:endpoints": "reference/dashboard.md#endpoints",
    "site:example": f"{_EXAMPLES}#an-examples-life",
    "site:example_queue": f"{_EXAMPLES}#watch-a-queue",
    "site:example_queues": _EXAMPLES,
    "site:new_example_queue": _EXAMPLES,
    "site:training_file": "how-to/examples-out.md#a-training-file",
    "site:training_files": "how-to/examples-out.md",
    "site:example_sources": "how-to/examples-from-traffic.md",
    "site:experiment": f"{_EXPERIMENT}#follow-it",
    "site:experiment_predictions": _PREDICTION,
    "site:experiments": _EXPERIMENT,
    "site:monitors": _MONITORING,
    "site:monitor": f"{_MONITORING}#what-it-shows",
    "site:new_monitor": f"{_MONITORING}#add-one",
    "site:alarm": f"{_MONITORING}#an-alarm",
    "site:new_experiment": f"{_EXPERIMENT}#plan-it",
    "site:hand_over": "how-to/hand-over.md",
    "site:job": "how-to/new-comparison.md",
    "site:study_file": "how-to/new-comparison.md#the-study-file",
    "site:study_item": _ITEM,
    "site:study_items": _ITEMS,
    "site:study_cost": "how-to/cost-of-ownership.md",
    "site:study_policy": "how-to/new-comparison.md#copy-a-study-or-change-what-it-asks",
    "site:test_set": "reference/test-sets.md",
    "site:test_set_item": _ITEM,
    "site:test_set_items": _ITEMS,
    "site:test_sets": "reference/test-sets.md",
    "site:tokens": "reference/rest.md#tokens",
    "site:upload_pairs": "how-to/campaigns.md#pairs-of-your-own",
    "site:version": _RUNS,
    "site:versions": _RUNS,
    "site:versions_beside": "reference/training-advice.md#two-versions-side-by-side",
    "site:webhook": "reference/webhooks.md#on-the-web",
    "site:webhooks": "reference/webhooks.md#on-the-web",
    "site:working_set": _WORKING,
    "site:working_sets": _WORKING,
    "home": "reference/dashboard.md#home",
}


@register.simple_tag(takes_context=True)
def help_address(context: dict[str, Any]) -> str:
    """The address of this page's document; of the list of documents if it has none."""
    match = getattr(context.get("request"), "resolver_match", None)
    name, _, heading = DOCUMENTS.get(match.view_name if match else "", "").partition("#")
    if not name:
        return reverse("site:help")
    return reverse("site:document", args=[name]) + (f"#{heading}" if heading else "")
