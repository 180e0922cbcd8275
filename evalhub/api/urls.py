"""Addresses for programs, below /api/v1."""

from django.urls import path

from evalhub.api.views import decisions, files, projects, studies

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
    path(f"{PROJECT}/decisions/<int:pk>/sign-offs", decisions.SignOffs.as_view(), name="sign_offs"),
    path("<path:rest>", projects.NotThere.as_view(), name="not_there"),
]
