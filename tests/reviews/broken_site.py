"""The site's addresses and one more, whose view breaks with the arms' names on its lips."""

from django.http import HttpRequest, HttpResponse
from django.urls import include, path

from reviews.models import Campaign


def broken(request: HttpRequest, pk: int) -> HttpResponse:
    campaign = Campaign.objects.get(pk=pk)
    raise RuntimeError(f"{campaign.baseline} and {campaign.candidate} of {campaign.name}")


urlpatterns = [path("reviews/broken/<int:pk>/", broken), path("", include("evalhub.urls"))]
