"""Addresses for signing in and out, and of one's own account."""

from django.contrib.auth.views import LogoutView
from django.urls import path

from evalhub.accounts import views
from evalhub.accounts.library_urls import login

app_name = "accounts"
urlpatterns = [
    path("", views.account, name="account"),
    path("login/", login, name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("sign-in/<str:token>/", views.sign_in, name="sign_in"),
    path("typed/<str:key>/", views.typed, name="typed"),
    path("still-here/", views.still_here, name="still_here"),
    path("sign-out-elsewhere/", views.sign_out_elsewhere, name="sign_out_elsewhere"),
    path("join/<str:token>/", views.join, name="join"),
]
