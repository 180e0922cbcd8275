"""Addresses for reviewers."""

from django.urls import path

from reviews import views

app_name = "reviews"
urlpatterns = [
    path("", views.home, name="home"),
    path("<int:pk>/", views.campaign, name="campaign"),
    path("judge/<uuid:token>/", views.judge, name="judge"),
]
