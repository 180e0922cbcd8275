"""Addresses for reviewers."""

from django.urls import path

from reviews.pages import examples, joining, offline, views

app_name = "reviews"
urlpatterns = [
    path("", views.home, name="home"),
    path("<int:pk>/", views.campaign, name="campaign"),
    path("<int:pk>/ahead/", views.ahead, name="ahead"),
    path("<int:pk>/undo/", views.undo, name="undo"),
    path("<int:pk>/guess/", views.guess, name="guess"),
    path("<int:pk>/adjudicate/", views.disagreements, name="adjudicate"),
    path("<int:pk>/pause/", views.pause, name="pause"),
    path("<int:pk>/practice/", joining.practice, name="practice"),
    path("join/<str:token>/", joining.join, name="join"),
    path("invitations/<int:pk>/", joining.answer_invitation, name="answer_invitation"),
    path("memberships/<int:pk>/", joining.answer_membership, name="answer_membership"),
    path("judge/<uuid:token>/", views.judge, name="judge"),
    path("worker.js", offline.worker, name="worker"),
    path("offline/", offline.offline, name="offline"),
    path("sheet/<uuid:token>/", views.sheet, name="sheet"),
    path("queues/<int:pk>/", examples.example, name="example"),
    path("queues/<int:pk>/undo/", examples.undo_answer, name="undo_example"),
    path("queues/<int:pk>/disagreements/", examples.disagreement, name="example_disagreement"),
    path("examples/<uuid:turn>/answer/", examples.answer, name="answer_example"),
    path("examples/<uuid:turn>/skip/", examples.skip_example, name="skip_example"),
    path("skip/<uuid:token>/", views.skip, name="skip"),
]
