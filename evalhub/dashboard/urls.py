"""Addresses of the pages for owners and evaluators."""

from django.urls import path

from evalhub.dashboard.views import (
    campaigns,
    decisions,
    members,
    results,
    runs,
    studies,
    test_sets,
    versions,
)

app_name = "dashboard"
urlpatterns = [
    path("studies/", studies.studies, name="studies"),
    path("studies/<int:pk>/", studies.study, name="study"),
    path("studies/<int:pk>/flips/", studies.flips, name="flips"),
    path("studies/<int:pk>/progress/", studies.study_progress, name="study_progress"),
    path("studies/<int:pk>/decide/", studies.decide, name="decide"),
    path("decisions/<int:pk>.json", decisions.decision, name="decision"),
    path("decisions/<int:pk>/criteria/<int:number>/", decisions.criterion, name="criterion"),
    path("decisions/<int:pk>/sign/", decisions.sign, name="sign"),
    path("methods/", decisions.methods, name="methods"),
    path("campaigns/", campaigns.campaigns, name="campaigns"),
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
    path("projects/", members.projects, name="projects"),
    path("projects/<slug:slug>/members/", members.members, name="members"),
    path("projects/<slug:slug>/members/<int:pk>/", members.change_member, name="change_member"),
    path(
        "projects/<slug:slug>/invitations/<int:pk>/withdraw/",
        members.withdraw_member,
        name="withdraw_member",
    ),
    path("projects/<slug:slug>/log/", members.project_log, name="project_log"),
    path("log/", members.site_log, name="site_log"),
    path("runs/", runs.runs, name="runs"),
    path("runs/<int:pk>/", runs.run, name="run"),
    path("runs/<int:pk>/progress/", runs.run_progress, name="run_progress"),
    path("runs/<int:pk>/cancel/", runs.cancel, name="cancel_run"),
    path("runs/<int:pk>/resume/", runs.resume, name="resume_run"),
    path("test-sets/", test_sets.test_sets, name="test_sets"),
    path("test-sets/<int:pk>/", test_sets.test_set, name="test_set"),
    path("versions/", versions.versions, name="versions"),
    path("versions/<int:pk>/", versions.version, name="version"),
]
