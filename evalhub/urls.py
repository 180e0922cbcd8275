"""The site's addresses."""

from django.contrib import admin
from django.urls import include, path

from evalhub.demo.web import make_demo
from evalhub.features.decision_links.pages import public_urlpatterns
from evalhub.serving import failing, watching
from evalhub.site.views.home import home

urlpatterns = [
    path("", home, name="home"),
    path("healthz", watching.alive, name="alive"),
    path("readyz", watching.ready, name="ready"),
    path("metrics", watching.metrics, name="metrics"),
    path("accounts/", include("evalhub.accounts.urls")),
    path("accounts/", include("evalhub.accounts.library_urls")),
    path("reviews/", include("reviews.urls")),
    path("api/v1/", include("evalhub.api.urls")),
    path("v1/", include("evalhub.features.traffic.otlp.api")),
    path("admin/", admin.site.urls),
    *public_urlpatterns,
    path("demo/", make_demo, name="make_demo"),
    path("", include("evalhub.site.urls")),
]

handler500 = failing.failure_page
