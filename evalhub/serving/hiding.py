"""The error page in debug mode: where it happened, without any values.

A local variable may hold a sign-in token, a password, or which model gave an answer that
somebody is judging, so none is shown, and what an exception says is searched for secrets.
"""

from collections.abc import ItemsView
from types import FrameType
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.safestring import SafeString, mark_safe
from django.views.debug import ExceptionReporter, SafeExceptionReporterFilter

from evalhub.logs import hide
from evalhub.settings import known_secrets

SHOWN_SETTINGS = ("DEBUG", "INSTALLED_APPS", "MIDDLEWARE", "ROOT_URLCONF", "TEMPLATES")
SHOWN_META = (
    "CONTENT_LENGTH",
    "CONTENT_TYPE",
    "HTTP_ACCEPT",
    "HTTP_HOST",
    "HTTP_HX_REQUEST",
    "HTTP_USER_AGENT",
    "REMOTE_ADDR",
    "REQUEST_METHOD",
    "SERVER_PROTOCOL",
)


class NoValues(SafeExceptionReporterFilter):
    """Names of what was sent, and values of nothing but what is listed above."""

    def get_traceback_frame_variables(
        self, request: HttpRequest | None, tb_frame: FrameType
    ) -> ItemsView[str, Any]:
        return dict[str, Any]().items()

    def get_safe_settings(self) -> dict[str, Any]:
        values = {name: getattr(settings, name) for name in SHOWN_SETTINGS}
        return {"SETTINGS_MODULE": settings.SETTINGS_MODULE} | values

    def get_safe_request_meta(self, request: HttpRequest | None) -> dict[str, Any]:
        meta = request.META if request else {}
        return {name: meta[name] for name in SHOWN_META if name in meta}

    def get_safe_cookies(self, request: HttpRequest | None) -> dict[str, Any]:
        return dict.fromkeys(request.COOKIES if request else (), self.cleansed_substitute)

    def get_post_parameters(self, request: HttpRequest | None) -> dict[str, Any]:
        return dict.fromkeys(request.POST if request else (), self.cleansed_substitute)


class ReporterWithoutSecrets(ExceptionReporter):
    """Django's error page without secrets in address, request and error message."""

    def get_traceback_data(self) -> dict[str, Any]:
        data = super().get_traceback_data()
        if self.request is None:
            return data
        return data | {
            "request_GET_items": [(name, "…") for name in self.request.GET],
            "request_insecure_uri": data["request_insecure_uri"].partition("?")[0],
        }

    def get_traceback_html(self) -> SafeString:
        return mark_safe(hide(super().get_traceback_html(), known_secrets()))

    def get_traceback_text(self) -> SafeString:
        return mark_safe(hide(super().get_traceback_text(), known_secrets()))
