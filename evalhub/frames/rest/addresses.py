"""The address of a thing, as answers name it: absolute below the site's root."""

from django.urls import reverse


def address(name: str, *args: object) -> str:
    """/api/v1/… of the endpoint of this name."""
    return reverse(f"api:{name}", args=args)
