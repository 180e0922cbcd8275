"""Addresses for programs, below /api/v1."""

from django.urls import URLPattern, path

from evalhub.api.endpoint import ProjectEndpoint
from evalhub.api.views import (
    campaigns,
    decisions,
    exports,
    files,
    imports,
    ingestions,
    jobs,
    people,
    projects,
    registry,
    runs,
    score_cases,
    stages,
    studies,
    study_changes,
    webhooks,
    working_items,
    working_sets,
)

app_name = "api"


def _at(below: str, endpoint: type[ProjectEndpoint], name: str) -> URLPattern:
    """An address of a project."""
    whole = "/".join(["projects/<slug:project>", below]).rstrip("/")
    found: URLPattern = path(whole, endpoint.as_view(), name=name)
    return found


urlpatterns = [
    path("schema", projects.Schema.as_view(), name="schema"),
    path("projects", projects.Projects.as_view(), name="projects"),
    _at("", projects.OneProject, "project"),
    _at("files/<str:name>", files.File, "file"),
    _at("studies", studies.Studies, "studies"),
    _at("studies/<slug:slug>", studies.OneStudy, "study"),
    _at("studies/<slug:slug>/gate", studies.StudyGate, "gate"),
    _at("studies/<slug:slug>/cost", studies.StudyCost, "study_cost"),
    _at("studies/<slug:slug>/decisions", studies.StudyDecisions, "study_decisions"),
    _at("studies/<slug:slug>/copies", study_changes.StudyCopies, "study_copies"),
    _at("studies/<slug:slug>/policy", study_changes.StudyPolicyOf, "study_policy"),
    _at("decisions", decisions.Decisions, "decisions"),
    _at("decisions/<int:pk>", decisions.OneDecision, "decision"),
    _at("decisions/<int:pk>/flips", decisions.Flips, "flips"),
    _at("decisions/<int:pk>/blessing", stages.BlessedBy, "blessing"),
    _at("baseline", stages.Baseline, "baseline"),
    _at("decisions/<int:pk>/sign-offs", decisions.SignOffs, "sign_offs"),
    _at("test-sets", registry.TestSets, "test_sets"),
    _at("test-sets/<slug:slug>/versions", registry.TestSetVersions, "test_set_versions"),
    _at(
        "test-sets/<slug:slug>/versions/<int:number>",
        registry.OneTestSetVersion,
        "test_set_version",
    ),
    _at("test-sets/<slug:slug>/versions/<int:number>/items", registry.Items, "items"),
    _at("working-sets", working_sets.WorkingSets, "working_sets"),
    _at("working-sets/<int:pk>", working_sets.OneWorkingSet, "working_set"),
    _at("working-sets/<int:pk>/items", working_items.WorkingItems, "working_items"),
    _at(
        "working-sets/<int:pk>/items/<int:item>",
        working_items.OneWorkingItem,
        "working_item",
    ),
    _at("working-sets/<int:pk>/changes", working_items.ChangeWorkingItems, "change_working_items"),
    _at("working-sets/<int:pk>/near-copies", working_sets.NearCopiesOfWorkingSet, "near_copies"),
    _at("working-sets/<int:pk>/split", working_sets.SplitWorkingSet, "split"),
    _at("working-sets/<int:pk>/publish", working_sets.PublishWorkingSet, "publish"),
    _at("models", registry.Models, "models"),
    _at("models/<slug:slug>/versions", registry.ModelVersions, "model_versions"),
    _at("models/<slug:slug>/versions/<int:number>", registry.OneModelVersion, "model_version"),
    _at("models/<slug:slug>/history", stages.History, "history"),
    _at("models/<slug:slug>/versions/<int:number>/rollback", stages.RolledBack, "rollback"),
    _at("models/<slug:slug>/versions/<int:number>/override", stages.Overridden, "override"),
    _at("models/<slug:slug>/versions/<int:number>/retire", stages.Retired, "retire"),
    _at("models/<slug:slug>/versions/<int:number>/reopen", stages.Reopened, "reopen"),
    _at("runs", runs.Runs, "runs"),
    _at("runs/<int:pk>", runs.OneRun, "run"),
    _at("runs/<int:pk>/cancel", runs.CancelRun, "cancel_run"),
    _at("runs/<int:pk>/resume", runs.ResumeRun, "resume_run"),
    _at("runs/<int:pk>/outputs", runs.OutputsOfRun, "outputs"),
    _at("runs/<int:pk>/scores", runs.ScoresOfRun, "scores"),
    _at("score-cases", score_cases.ScoreCases, "score_cases"),
    _at("score-audits", score_cases.ScoreAudits, "score_audits"),
    _at("score-audits/<int:pk>", score_cases.OneScoreAudit, "score_audit"),
    _at("score-audits/<int:pk>/answers", score_cases.AnswersOfAudit, "answers_of_audit"),
    _at("ingestions", ingestions.Ingestions, "ingestions"),
    _at("ingestions/<int:pk>", ingestions.OneIngestion, "ingestion"),
    _at("ingestions/<int:pk>/rows", ingestions.RowsOfIngestion, "ingestion_rows"),
    _at("ingestions/<int:pk>/finish", ingestions.FinishIngestion, "finish_ingestion"),
    _at("campaigns", campaigns.Campaigns, "campaigns"),
    _at("campaigns/<int:pk>", campaigns.OneCampaign, "campaign"),
    _at("campaigns/<int:pk>/invitations", campaigns.CampaignInvitations, "campaign_invitations"),
    _at("campaigns/<int:pk>/results", campaigns.Results, "results"),
    _at("webhooks", webhooks.Webhooks, "webhooks"),
    _at("webhooks/<int:pk>", webhooks.OneWebhook, "webhook"),
    _at("webhooks/<int:pk>/secret", webhooks.SecretOfWebhook, "webhook_secret"),
    _at("webhooks/<int:pk>/deliveries", webhooks.DeliveriesOfWebhook, "deliveries"),
    _at(
        "webhooks/<int:pk>/deliveries/<int:delivery>/replay",
        webhooks.ReplayDelivery,
        "replay_delivery",
    ),
    _at("members", people.MembersOfProject, "members"),
    _at("members/<int:pk>", people.OneMember, "member"),
    _at("tokens", people.TokensOfProject, "tokens"),
    _at("tokens/<int:pk>", people.OneToken, "token"),
    _at("imports", imports.Imports, "imports"),
    _at("jobs", jobs.Jobs, "jobs"),
    _at("jobs/<int:pk>", jobs.OneJob, "job"),
    _at("exports/<str:what>", exports.Exports, "exports"),
    path("<path:rest>", projects.NotThere.as_view(), name="not_there"),
]
