"""The one link from a page to the document about it."""

from typing import Any

from django import template
from django.urls import reverse

register = template.Library()

_RUNS = "dashboard.md#runs-test-sets-versions"
_DISPUTES = "metrics.md#when-a-score-is-wrong"
_WORKING = "test-sets.md#working-sets-edited-on-the-web"
_ITEMS, _ITEM = "items.md#finding-them", "items.md#one-item"
# by the names of addresses; of every page that a person opens
DOCUMENTS = {
    "account_change_password": "accounts.md",
    "account_inactive": "accounts.md",
    "account_reauthenticate": "accounts.md",
    "accounts:account": "accounts.md#your-account",
    "dashboard:add_item": _WORKING,
    "dashboard:add_rows": _WORKING,
    "dashboard:campaign": "campaigns.md#while-it-runs",
    "dashboard:campaign_audit": "review-results.md#was-it-blind",
    "dashboard:campaign_judgments": "review-results.md#judgment-by-judgment",
    "dashboard:campaign_results": "review-results.md#what-the-page-says",
    "dashboard:campaigns": "campaigns.md",
    "dashboard:change_item": _WORKING,
    "dashboard:choose_study": "campaigns.md",
    "dashboard:criterion": "dashboard.md#a-criterion",
    "dashboard:dispute_score": _DISPUTES,
    "dashboard:members": "members.md#invite-a-colleague",
    "dashboard:methods": "statistics.md",
    "dashboard:metric_cases": _DISPUTES,
    "dashboard:new_campaign": "campaigns.md",
    "dashboard:new_comparison": "new-comparison.md",
    "dashboard:new_run": "runs.md#on-the-web",
    "dashboard:new_version": _RUNS,
    "dashboard:new_working_set": _WORKING,
    "dashboard:overview": "dashboard.md#overview",
    "dashboard:project_log": "members.md#the-audit-log",
    "dashboard:projects": "members.md",
    "dashboard:publish_set": _WORKING,
    "dashboard:record": "dashboard.md#a-decisions-record",
    "dashboard:run": "runs.md#while-a-run-goes-on",
    "dashboard:run_item": _ITEM,
    "dashboard:run_items": _ITEMS,
    "dashboard:runs": _RUNS,
    "dashboard:score_audit": _DISPUTES,
    "dashboard:search": "dashboard.md#search",
    "dashboard:site_log": "members.md#the-audit-log",
    "dashboard:studies": "dashboard.md#studies",
    "dashboard:study": "dashboard.md#studies",
    "dashboard:strategy": "strategy.md",
    "dashboard:send_study": "study-file.md",
    "dashboard:job": "new-comparison.md",
    "dashboard:study_file": "new-comparison.md#the-study-file",
    "dashboard:study_item": _ITEM,
    "dashboard:study_items": _ITEMS,
    "dashboard:study_cost": "cost-of-ownership.md",
    "dashboard:study_policy": "new-comparison.md#copy-a-study-or-change-what-it-asks",
    "dashboard:test_set": "test-sets.md",
    "dashboard:test_set_item": _ITEM,
    "dashboard:test_set_items": _ITEMS,
    "dashboard:test_sets": "test-sets.md",
    "dashboard:tokens": "rest.md#tokens",
    "dashboard:upload_pairs": "campaigns.md#pairs-of-your-own",
    "dashboard:version": _RUNS,
    "dashboard:versions": _RUNS,
    "dashboard:versions_beside": "training-records.md#two-versions-side-by-side",
    "dashboard:working_set": _WORKING,
    "dashboard:working_sets": _WORKING,
    "home": "dashboard.md#home",
}


@register.simple_tag(takes_context=True)
def help_address(context: dict[str, Any]) -> str:
    """Where the document about this page is; the list of all where it has none of its own."""
    match = getattr(context.get("request"), "resolver_match", None)
    name, _, heading = DOCUMENTS.get(match.view_name if match else "", "").partition("#")
    if not name:
        return reverse("dashboard:help")
    return reverse("dashboard:document", args=[name]) + (f"#{heading}" if heading else "")
