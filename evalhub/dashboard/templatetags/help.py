"""The one link from a page to the document about it."""

from typing import Any

from django import template
from django.urls import reverse

register = template.Library()

_RUNS = "dashboard.md#runs-test-sets-versions"
# by the names of addresses; of every page that a person opens
DOCUMENTS = {
    "accounts:account": "accounts.md#your-account",
    "dashboard:campaign": "campaigns.md#while-it-runs",
    "dashboard:campaign_audit": "review-results.md#was-it-blind",
    "dashboard:campaign_judgments": "review-results.md#judgment-by-judgment",
    "dashboard:campaign_results": "review-results.md#what-the-page-says",
    "dashboard:campaigns": "campaigns.md",
    "dashboard:criterion": "dashboard.md#a-criterion",
    "dashboard:members": "members.md#invite-a-colleague",
    "dashboard:methods": "statistics.md",
    "dashboard:new_campaign": "campaigns.md",
    "dashboard:new_comparison": "new-comparison.md",
    "dashboard:project_log": "members.md#the-audit-log",
    "dashboard:projects": "members.md",
    "dashboard:run": "runs.md#while-a-run-goes-on",
    "dashboard:runs": _RUNS,
    "dashboard:site_log": "members.md#the-audit-log",
    "dashboard:studies": "dashboard.md#studies",
    "dashboard:study": "dashboard.md#studies",
    "dashboard:study_file": "study-file.md",
    "dashboard:test_set": "test-sets.md",
    "dashboard:test_sets": "test-sets.md",
    "dashboard:tokens": "rest.md#tokens",
    "dashboard:upload_pairs": "campaigns.md#pairs-of-your-own",
    "dashboard:version": _RUNS,
    "dashboard:versions": _RUNS,
}


@register.simple_tag(takes_context=True)
def help_address(context: dict[str, Any]) -> str:
    """Where the document about this page is; the list of all where it has none of its own."""
    match = getattr(context.get("request"), "resolver_match", None)
    name, _, heading = DOCUMENTS.get(match.view_name if match else "", "").partition("#")
    if not name:
        return reverse("dashboard:help")
    return reverse("dashboard:document", args=[name]) + (f"#{heading}" if heading else "")
