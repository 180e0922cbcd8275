"""The site's addresses."""

from django.contrib import admin
from django.urls import include, path

from evalhub.accounts.views import home

urlpatterns = [
    path("", home, name="home"),
    path("accounts/", include("evalhub.accounts.urls")),
    path("reviews/", include("reviews.urls")),
    path("admin/", admin.site.urls),
    path("", include("evalhub.dashboard.urls")),
]
