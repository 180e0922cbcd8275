"""Addresses of the pages for owners and evaluators."""

from django.urls import path

from evalhub.features.beside import pages as beside
from evalhub.features.comments import pages as comments
from evalhub.features.data import pages as data
from evalhub.features.decision_links import pages as decision_links
from evalhub.features.deployment import pages as deployment
from evalhub.features.endpoints import pages as endpoints
from evalhub.features.examples.out import pages as examples_out
from evalhub.features.examples.queues import pages as example_queues
from evalhub.features.examples.sources import pages as example_sources
from evalhub.features.experiments import pages as experiments
from evalhub.features.experiments.prediction import pages as predictions
from evalhub.features.exporters import pages as exporters
from evalhub.features.monitoring import pages as monitoring
from evalhub.features.monitoring.retraining import pages as retraining
from evalhub.features.ownership import all_costs
from evalhub.features.ownership import pages as ownership
from evalhub.features.saved_views import pages as saved_views
from evalhub.features.score_audits import pages as score_audits
from evalhub.features.strategy import pages as strategy
from evalhub.features.study_builder import pages as study_builder
from evalhub.features.traffic import pages as traffic
from evalhub.features.webhooks import pages as webhooks
from evalhub.features.working_sets import pages as working_sets
from evalhub.features.working_sets import pages_add as items_to_add
from evalhub.features.working_sets import pages_items as working_items
from evalhub.site.views import (
    campaigns,
    decisions,
    documents,
    home,
    items,
    jobs,
    members,
    methods,
    policy,
    projects,
    records,
    results,
    runs,
    searching,
    studies,
    test_sets,
    tokens,
    versions,
)

app_name = "site"
urlpatterns = [
    path("search/", searching.search_results, name="search"),
    path("studies/", studies.studies, name="studies"),
    *study_builder.urlpatterns,
    *strategy.urlpatterns,
    path("studies/<int:pk>/", studies.study, name="study"),
    *exporters.urlpatterns,
    path("studies/<int:pk>/policy/", policy.study_policy, name="study_policy"),
    *ownership.urlpatterns,
    *all_costs.urlpatterns,
    *deployment.urlpatterns,
    path("studies/<int:pk>/items/", items.study_items, name="study_items"),
    path("studies/<int:pk>/items.<slug:form>", items.study_items_file, name="study_items_file"),
    path(
        "studies/<int:pk>/items/<slug:test_set>/<path:item_key>/",
        items.study_item,
        name="study_item",
    ),
    path("studies/<int:pk>/panel/", studies.study_panel, name="study_panel"),
    path("studies/<int:pk>/progress/", studies.study_progress, name="study_progress"),
    path("studies/<int:pk>/cancel/", studies.cancel_study_runs, name="cancel_study_runs"),
    path("studies/<int:pk>/resume/", studies.resume_study_runs, name="resume_study_runs"),
    path("studies/<int:pk>/decide/", studies.decide, name="decide"),
    path("decisions/<int:pk>/", records.record, name="record"),
    path("decisions/<int:pk>/promote/", records.promote_arm, name="promote"),
    path("decisions/<int:pk>/verify/", records.verify, name="verify_decision"),
    path("decisions/<int:pk>.json", decisions.decision, name="decision"),
    path("decisions/<int:pk>/criteria/<int:number>/", decisions.criterion, name="criterion"),
    path("decisions/<int:pk>/accept/", decisions.accept_caveats, name="accept"),
    path("decisions/<int:pk>/sign/", decisions.sign, name="sign"),
    path("jobs/<int:pk>/", jobs.job, name="job"),
    path("jobs/<int:pk>/cancel/", jobs.cancel, name="cancel_job"),
    *methods.urlpatterns,
    path("campaigns/", campaigns.campaigns, name="campaigns"),
    path("campaigns/choose/", campaigns.choose_study, name="choose_study"),
    path("campaigns/new/", campaigns.new_campaign, name="new_campaign"),
    path("campaigns/upload/", campaigns.upload, name="upload_pairs"),
    path("campaigns/<int:pk>/", campaigns.campaign, name="campaign"),
    path("campaigns/<int:pk>/change/", campaigns.change_campaign, name="change_campaign"),
    path("campaigns/<int:pk>/invite/", campaigns.invite_people, name="invite_people"),
    path(
        "campaigns/<int:pk>/reviewers/<int:reviewer>/",
        campaigns.change_reviewer,
        name="change_reviewer",
    ),
    path(
        "campaigns/<int:pk>/invitations/<int:invitation>/withdraw/",
        campaigns.withdraw_invitation,
        name="withdraw_invitation",
    ),
    path("campaigns/<int:pk>/results/", results.campaign_results, name="campaign_results"),
    path("campaigns/<int:pk>/judgments/", results.judgments, name="campaign_judgments"),
    path("campaigns/<int:pk>/audit/", results.campaign_audit, name="campaign_audit"),
    path("campaigns/<int:pk>/audit.json", results.audit_file, name="campaign_audit_file"),
    path("campaigns/<int:pk>/export/", results.export, name="campaign_export"),
    path("campaigns/<int:pk>/unblind/", results.unblind_campaign, name="unblind_campaign"),
    path("overview/", home.projects_overview, name="overview"),
    path("projects/", projects.projects, name="projects"),
    path("projects/<slug:slug>/", projects.project, name="project"),
    *webhooks.urlpatterns,
    *endpoints.urlpatterns,
    path("projects/<slug:slug>/members/", members.members, name="members"),
    path("projects/<slug:slug>/members/<int:pk>/", members.change_member, name="change_member"),
    path(
        "projects/<slug:slug>/invitations/<int:pk>/withdraw/",
        members.withdraw_member,
        name="withdraw_member",
    ),
    path("projects/<slug:slug>/tokens/", tokens.tokens, name="tokens"),
    path("projects/<slug:slug>/tokens/<int:pk>/revoke/", tokens.revoke_token, name="revoke_token"),
    path("projects/<slug:slug>/log/", members.project_log, name="project_log"),
    path("log/", members.site_log, name="site_log"),
    path("runs/", runs.runs, name="runs"),
    path("runs/new/", runs.new_run, name="new_run"),
    path("runs/<int:pk>/", runs.run, name="run"),
    path("runs/<int:pk>/items/", items.run_items, name="run_items"),
    path("runs/<int:pk>/items.<slug:form>", items.run_items_file, name="run_items_file"),
    path("runs/<int:pk>/items/<path:item_key>/", items.run_item, name="run_item"),
    path("runs/<int:pk>/progress/", runs.run_progress, name="run_progress"),
    path("runs/<int:pk>/cancel/", runs.cancel, name="cancel_run"),
    path("runs/<int:pk>/resume/", runs.resume, name="resume_run"),
    path("test-sets/", test_sets.test_sets, name="test_sets"),
    path("test-sets/<int:pk>/", test_sets.test_set, name="test_set"),
    path("test-sets/<int:pk>/retire/", test_sets.retire, name="retire_test_set"),
    path("help/", documents.help_pages, name="help"),
    path("help/llms.txt", documents.llms, name="llms"),
    path("help/markdown/<path:name>", documents.markdown, name="document_markdown"),
    path("help/<path:name>", documents.document, name="document"),
    *working_sets.urlpatterns,
    *working_items.urlpatterns,
    *items_to_add.urlpatterns,
    path("test-sets/<int:pk>/items/", items.test_set_items, name="test_set_items"),
    path(
        "test-sets/<int:pk>/items.<slug:form>",
        items.test_set_items_file,
        name="test_set_items_file",
    ),
    path("test-sets/<int:pk>/items/<path:item_key>/", items.test_set_item, name="test_set_item"),
    *beside.urlpatterns,
    *score_audits.urlpatterns,
    *comments.urlpatterns,
    *decision_links.urlpatterns,
    *saved_views.urlpatterns,
    *data.urlpatterns,
    *example_queues.urlpatterns,
    *examples_out.urlpatterns,
    *example_sources.urlpatterns,
    *traffic.urlpatterns,
    *experiments.urlpatterns,
    *monitoring.urlpatterns,
    *retraining.urlpatterns,
    *predictions.urlpatterns,
    path("versions/", versions.versions, name="versions"),
    path("versions/new/", versions.new_version, name="new_version"),
    path("versions/beside/", versions.beside, name="versions_beside"),
    path("versions/<int:pk>/", versions.version, name="version"),
    path("versions/<int:pk>/move/", versions.move, name="move_version"),
]
