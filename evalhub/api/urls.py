"""Addresses for programs, below /api/v1."""

from django.urls import path

from evalhub.api.views import (
    campaigns,
    decisions,
    files,
    imports,
    ingestions,
    jobs,
    peeks,
    people,
    projects,
    registry,
    runs,
    studies,
    study_changes,
)
from evalhub.features.comments import api as comments
from evalhub.features.data import api as data
from evalhub.features.data.curve import api as data_curve
from evalhub.features.decision_links import api as decision_links
from evalhub.features.examples.out import api as examples_out
from evalhub.features.examples.queues import api as example_queues
from evalhub.features.examples.sources import api as example_sources
from evalhub.features.experiments import api as experiments
from evalhub.features.experiments.judged import api as judged_answers
from evalhub.features.experiments.prediction import api as predictions
from evalhub.features.experiments.routing import api as routing
from evalhub.features.exporters import api as exporters
from evalhub.features.lifecycle import api as lifecycle
from evalhub.features.monitoring import api as monitoring
from evalhub.features.monitoring.retraining import api as retraining
from evalhub.features.ownership import api as ownership
from evalhub.features.score_audits import api as score_audits
from evalhub.features.traffic import api as traffic
from evalhub.features.traffic.shadow import api as traffic_samples
from evalhub.features.webhooks import api as webhooks
from evalhub.features.working_sets import api as working_sets
from evalhub.features.working_sets import api_items as working_items
from evalhub.frames.rest.endpoint import project_path as _at

app_name = "api"


urlpatterns = [
    path("schema", projects.Schema.as_view(), name="schema"),
    path("projects", projects.Projects.as_view(), name="projects"),
    _at("", projects.OneProject, "project"),
    _at("files/<str:name>", files.File, "file"),
    _at("studies", studies.Studies, "studies"),
    _at("studies/<slug:slug>", studies.OneStudy, "study"),
    _at("studies/<slug:slug>/cancel", studies.CancelStudyRuns, "cancel_study_runs"),
    _at("studies/<slug:slug>/resume", studies.ResumeStudyRuns, "resume_study_runs"),
    _at("studies/<slug:slug>/gate", studies.StudyGate, "gate"),
    *ownership.urlpatterns,
    *data_curve.urlpatterns,
    *lifecycle.urlpatterns,
    _at("studies/<slug:slug>/decisions", studies.StudyDecisions, "study_decisions"),
    _at("studies/<slug:slug>/copies", study_changes.StudyCopies, "study_copies"),
    _at("studies/<slug:slug>/policy", study_changes.StudyPolicyOf, "study_policy"),
    _at("decisions", decisions.Decisions, "decisions"),
    _at("decisions/<int:pk>", decisions.OneDecision, "decision"),
    _at("decisions/<int:pk>/flips", decisions.Flips, "flips"),
    *decision_links.urlpatterns,
    *comments.urlpatterns,
    _at("peeks", peeks.Peeks, "peeks"),
    _at("decisions/<int:pk>/acceptance", decisions.Accepted, "acceptance"),
    _at("decisions/<int:pk>/sign-offs", decisions.SignOffs, "sign_offs"),
    _at("test-sets", registry.TestSets, "test_sets"),
    _at("test-sets/<slug:slug>/versions", registry.TestSetVersions, "test_set_versions"),
    _at(
        "test-sets/<slug:slug>/versions/<int:number>",
        registry.OneTestSetVersion,
        "test_set_version",
    ),
    _at(
        "test-sets/<slug:slug>/versions/<int:number>/retire",
        registry.RetiredTestSetVersion,
        "retire_test_set",
    ),
    _at("test-sets/<slug:slug>/versions/<int:number>/items", registry.Items, "items"),
    *working_sets.urlpatterns,
    *working_items.urlpatterns,
    _at("models", registry.Models, "models"),
    _at("models/<slug:slug>/versions", registry.ModelVersions, "model_versions"),
    _at("models/<slug:slug>/versions/<int:number>", registry.OneModelVersion, "model_version"),
    _at("runs", runs.Runs, "runs"),
    _at("runs/<int:pk>", runs.OneRun, "run"),
    _at("runs/<int:pk>/cancel", runs.CancelRun, "cancel_run"),
    _at("runs/<int:pk>/resume", runs.ResumeRun, "resume_run"),
    _at("runs/<int:pk>/outputs", runs.OutputsOfRun, "outputs"),
    _at("runs/<int:pk>/scores", runs.ScoresOfRun, "scores"),
    *score_audits.urlpatterns,
    *data.urlpatterns,
    _at("ingestions", ingestions.Ingestions, "ingestions"),
    _at("ingestions/<int:pk>", ingestions.OneIngestion, "ingestion"),
    _at("ingestions/<int:pk>/rows", ingestions.RowsOfIngestion, "ingestion_rows"),
    _at("ingestions/<int:pk>/finish", ingestions.FinishIngestion, "finish_ingestion"),
    _at("campaigns", campaigns.Campaigns, "campaigns"),
    _at("campaigns/<int:pk>", campaigns.OneCampaign, "campaign"),
    _at("campaigns/<int:pk>/invitations", campaigns.CampaignInvitations, "campaign_invitations"),
    _at("campaigns/<int:pk>/reviewers", campaigns.CampaignReviewers, "campaign_reviewers"),
    _at("campaigns/<int:pk>/vouching", campaigns.CampaignVouching, "campaign_vouching"),
    _at("campaigns/<int:pk>/results", campaigns.Results, "results"),
    *example_queues.urlpatterns,
    *examples_out.urlpatterns,
    *example_sources.urlpatterns,
    *traffic_samples.urlpatterns,
    *routing.urlpatterns,
    *webhooks.urlpatterns,
    *traffic.urlpatterns,
    *experiments.urlpatterns,
    *monitoring.urlpatterns,
    *retraining.urlpatterns,
    *predictions.urlpatterns,
    *judged_answers.urlpatterns,
    _at("members", people.MembersOfProject, "members"),
    _at("members/<int:pk>", people.OneMember, "member"),
    _at("tokens", people.TokensOfProject, "tokens"),
    _at("tokens/<int:pk>", people.OneToken, "token"),
    _at("imports", imports.Imports, "imports"),
    _at("jobs", jobs.Jobs, "jobs"),
    _at("jobs/<int:pk>", jobs.OneJob, "job"),
    *exporters.urlpatterns,
    path("<path:rest>", projects.NotThere.as_view(), name="not_there"),
]
