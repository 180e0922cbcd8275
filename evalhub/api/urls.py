"""Addresses for programs, below /api/v1."""

from django.urls import path

from evalhub.api.views import (
    campaigns,
    decisions,
    exports,
    files,
    imports,
    ingestions,
    people,
    projects,
    registry,
    runs,
    studies,
    webhooks,
)

app_name = "api"
PROJECT = "projects/<slug:project>"
urlpatterns = [
    path("schema", projects.Schema.as_view(), name="schema"),
    path("projects", projects.Projects.as_view(), name="projects"),
    path(PROJECT, projects.OneProject.as_view(), name="project"),
    path(f"{PROJECT}/files/<str:name>", files.File.as_view(), name="file"),
    path(f"{PROJECT}/studies", studies.Studies.as_view(), name="studies"),
    path(f"{PROJECT}/studies/<slug:slug>", studies.OneStudy.as_view(), name="study"),
    path(f"{PROJECT}/studies/<slug:slug>/gate", studies.StudyGate.as_view(), name="gate"),
    path(
        f"{PROJECT}/studies/<slug:slug>/decisions",
        studies.StudyDecisions.as_view(),
        name="study_decisions",
    ),
    path(f"{PROJECT}/decisions", decisions.Decisions.as_view(), name="decisions"),
    path(f"{PROJECT}/decisions/<int:pk>", decisions.OneDecision.as_view(), name="decision"),
    path(f"{PROJECT}/decisions/<int:pk>/flips", decisions.Flips.as_view(), name="flips"),
    path(f"{PROJECT}/decisions/<int:pk>/blessing", decisions.BlessedBy.as_view(), name="blessing"),
    path(f"{PROJECT}/baseline", decisions.Baseline.as_view(), name="baseline"),
    path(f"{PROJECT}/decisions/<int:pk>/sign-offs", decisions.SignOffs.as_view(), name="sign_offs"),
    path(f"{PROJECT}/test-sets", registry.TestSets.as_view(), name="test_sets"),
    path(
        f"{PROJECT}/test-sets/<slug:slug>/versions",
        registry.TestSetVersions.as_view(),
        name="test_set_versions",
    ),
    path(
        f"{PROJECT}/test-sets/<slug:slug>/versions/<int:number>",
        registry.OneTestSetVersion.as_view(),
        name="test_set_version",
    ),
    path(
        f"{PROJECT}/test-sets/<slug:slug>/versions/<int:number>/items",
        registry.Items.as_view(),
        name="items",
    ),
    path(f"{PROJECT}/models", registry.Models.as_view(), name="models"),
    path(
        f"{PROJECT}/models/<slug:slug>/versions",
        registry.ModelVersions.as_view(),
        name="model_versions",
    ),
    path(
        f"{PROJECT}/models/<slug:slug>/versions/<int:number>",
        registry.OneModelVersion.as_view(),
        name="model_version",
    ),
    path(f"{PROJECT}/runs", runs.Runs.as_view(), name="runs"),
    path(f"{PROJECT}/runs/<int:pk>", runs.OneRun.as_view(), name="run"),
    path(f"{PROJECT}/runs/<int:pk>/cancel", runs.CancelRun.as_view(), name="cancel_run"),
    path(f"{PROJECT}/runs/<int:pk>/resume", runs.ResumeRun.as_view(), name="resume_run"),
    path(f"{PROJECT}/runs/<int:pk>/outputs", runs.OutputsOfRun.as_view(), name="outputs"),
    path(f"{PROJECT}/runs/<int:pk>/scores", runs.ScoresOfRun.as_view(), name="scores"),
    path(f"{PROJECT}/ingestions", ingestions.Ingestions.as_view(), name="ingestions"),
    path(f"{PROJECT}/ingestions/<int:pk>", ingestions.OneIngestion.as_view(), name="ingestion"),
    path(
        f"{PROJECT}/ingestions/<int:pk>/rows",
        ingestions.RowsOfIngestion.as_view(),
        name="ingestion_rows",
    ),
    path(
        f"{PROJECT}/ingestions/<int:pk>/finish",
        ingestions.FinishIngestion.as_view(),
        name="finish_ingestion",
    ),
    path(f"{PROJECT}/campaigns", campaigns.Campaigns.as_view(), name="campaigns"),
    path(f"{PROJECT}/campaigns/<int:pk>", campaigns.OneCampaign.as_view(), name="campaign"),
    path(
        f"{PROJECT}/campaigns/<int:pk>/invitations",
        campaigns.CampaignInvitations.as_view(),
        name="campaign_invitations",
    ),
    path(f"{PROJECT}/campaigns/<int:pk>/results", campaigns.Results.as_view(), name="results"),
    path(f"{PROJECT}/webhooks", webhooks.Webhooks.as_view(), name="webhooks"),
    path(f"{PROJECT}/webhooks/<int:pk>", webhooks.OneWebhook.as_view(), name="webhook"),
    path(
        f"{PROJECT}/webhooks/<int:pk>/secret",
        webhooks.SecretOfWebhook.as_view(),
        name="webhook_secret",
    ),
    path(
        f"{PROJECT}/webhooks/<int:pk>/deliveries",
        webhooks.DeliveriesOfWebhook.as_view(),
        name="deliveries",
    ),
    path(
        f"{PROJECT}/webhooks/<int:pk>/deliveries/<int:delivery>/replay",
        webhooks.ReplayDelivery.as_view(),
        name="replay_delivery",
    ),
    path(f"{PROJECT}/members", people.MembersOfProject.as_view(), name="members"),
    path(f"{PROJECT}/members/<int:pk>", people.OneMember.as_view(), name="member"),
    path(f"{PROJECT}/tokens", people.TokensOfProject.as_view(), name="tokens"),
    path(f"{PROJECT}/tokens/<int:pk>", people.OneToken.as_view(), name="token"),
    path(f"{PROJECT}/imports", imports.Imports.as_view(), name="imports"),
    path(f"{PROJECT}/exports/<str:what>", exports.Exports.as_view(), name="exports"),
    path("<path:rest>", projects.NotThere.as_view(), name="not_there"),
]
