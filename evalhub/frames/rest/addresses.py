"""Addresses of endpoints below /api/v1, and the addresses of things in answers."""

from django.urls import URLPattern, path, reverse
from rest_framework.views import APIView


def address(name: str, *args: object) -> str:
    """The address /api/v1/… of the endpoint of this name."""
    return reverse(f"api:{name}", args=args)


def project_path(below: str, endpoint: type[APIView], name: str) -> URLPattern:
    """The URL pattern of an endpoint below a project: projects/PROJECT/`below`."""
    route = "/".join(["projects/<slug:project>", below]).rstrip("/")
    pattern: URLPattern = path(route, endpoint.as_view(), name=name)
    return pattern
