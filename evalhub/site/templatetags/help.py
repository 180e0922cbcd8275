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
    "site:add_item": _WORKING,
    "site:add_rows": _WORKING,
    "site:campaign": "campaigns.md#while-it-runs",
    "site:campaign_audit": "review-results.md#was-it-blind",
    "site:campaign_judgments": "review-results.md#judgment-by-judgment",
    "site:campaign_results": "review-results.md#what-the-page-says",
    "site:campaigns": "campaigns.md",
    "site:change_item": _WORKING,
    "site:choose_study": "campaigns.md",
    "site:criterion": "dashboard.md#a-criterion",
    "site:dispute_score": _DISPUTES,
    "site:members": "members.md#invite-a-colleague",
    "site:methods": "statistics.md",
    "site:metric_cases": _DISPUTES,
    "site:new_campaign": "campaigns.md",
    "site:new_comparison": "new-comparison.md",
    "site:new_run": "runs.md#on-the-web",
    "site:new_version": _RUNS,
    "site:new_working_set": _WORKING,
    "site:overview": "dashboard.md#overview",
    "site:project_log": "members.md#the-audit-log",
    "site:projects": "members.md",
    "site:publish_set": _WORKING,
    "site:record": "dashboard.md#a-decisions-record",
    "site:run": "runs.md#while-a-run-goes-on",
    "site:run_item": _ITEM,
    "site:run_items": _ITEMS,
    "site:runs": _RUNS,
    "site:score_audit": _DISPUTES,
    "site:search": "dashboard.md#search",
    "site:site_log": "members.md#the-audit-log",
    "site:studies": "dashboard.md#studies",
    "site:study": "dashboard.md#studies",
    "site:strategy": "strategy.md",
    "site:send_study": "study-file.md",
    "site:job": "new-comparison.md",
    "site:study_file": "new-comparison.md#the-study-file",
    "site:study_item": _ITEM,
    "site:study_items": _ITEMS,
    "site:study_cost": "cost-of-ownership.md",
    "site:study_policy": "new-comparison.md#copy-a-study-or-change-what-it-asks",
    "site:test_set": "test-sets.md",
    "site:test_set_item": _ITEM,
    "site:test_set_items": _ITEMS,
    "site:test_sets": "test-sets.md",
    "site:tokens": "rest.md#tokens",
    "site:upload_pairs": "campaigns.md#pairs-of-your-own",
    "site:version": _RUNS,
    "site:versions": _RUNS,
    "site:versions_beside": "training-records.md#two-versions-side-by-side",
    "site:working_set": _WORKING,
    "site:working_sets": _WORKING,
    "home": "dashboard.md#home",
}


@register.simple_tag(takes_context=True)
def help_address(context: dict[str, Any]) -> str:
    """Where the document about this page is; the list of all where it has none of its own."""
    match = getattr(context.get("request"), "resolver_match", None)
    name, _, heading = DOCUMENTS.get(match.view_name if match else "", "").partition("#")
    if not name:
        return reverse("site:help")
    return reverse("site:document", args=[name]) + (f"#{heading}" if heading else "")
