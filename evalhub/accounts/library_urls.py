"""Addresses whose names django-allauth looks up itself: its views, in templates of ours.

What isn't named here can't be reached: no sign-up, no one-time codes, no second factor.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.account import views as account
from allauth.account.decorators import reauthentication_required
from allauth.mfa.webauthn import views as passkeys
from allauth.socialaccount import views as social
from allauth.socialaccount.providers import registry
from allauth.socialaccount.providers.openid_connect import views as openid
from django.conf import settings
from django.contrib.auth.views import LogoutView
from django.http import Http404, HttpRequest, HttpResponseBase
from django.urls import path, re_path, reverse_lazy

from evalhub.accounts import views

registry.load()  # as its own app does at start (evalhub.accounts.apps)


def where_there_is_mail(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """404 on a site that can't send mail."""

    @wraps(view)
    def guard(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not settings.MAIL_URL:
            raise Http404("no mail is sent from here")
        return view(request, *args, **kwargs)

    return guard


def page(view: Any, template: str, **options: Any) -> Any:
    return view.as_view(template_name=f"accounts/{template}.html", **options)


who_is_still_there = reauthentication_required(app="allauth.account")
HOME = reverse_lazy("accounts:account")

WAYS_IN = {"provider": lambda: settings.OIDC, "mail": lambda: bool(settings.MAIL_URL)}

login = page(account.LoginView, "login", extra_context=WAYS_IN)
forgotten = page(account.PasswordResetView, "forgotten")
forgotten_sent = page(account.PasswordResetDoneView, "forgotten_sent")
new_password = page(account.PasswordResetFromKeyView, "new_password")
new_password_done = page(account.PasswordResetFromKeyDoneView, "new_password_done")
set_password = who_is_still_there(page(account.PasswordSetView, "password"))
mail = who_is_still_there(page(views.OwnMail, "mail"))
confirm_mail = page(account.ConfirmEmailView, "confirm_mail")

urlpatterns = [
    path("login/", login, name="account_login"),
    path("logout/", LogoutView.as_view(), name="account_logout"),
    path("inactive/", page(account.AccountInactiveView, "inactive"), name="account_inactive"),
    path("again/", page(account.ReauthenticateView, "again"), name="account_reauthenticate"),
    path(
        "password/",
        page(account.PasswordChangeView, "password"),
        name="account_change_password",
    ),
    path("password/set/", set_password, name="account_set_password"),
    path("password/forgotten/", where_there_is_mail(forgotten), name="account_reset_password"),
    path(
        "password/forgotten/sent/",
        where_there_is_mail(forgotten_sent),
        name="account_reset_password_done",
    ),
    re_path(
        r"^password/new/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>[^/]+)/$",
        where_there_is_mail(new_password),
        name="account_reset_password_from_key",
    ),
    path(
        "password/new/done/",
        where_there_is_mail(new_password_done),
        name="account_reset_password_from_key_done",
    ),
    path("mail/", where_there_is_mail(mail), name="account_email"),
    path("mail/<str:key>/", where_there_is_mail(confirm_mail), name="account_confirm_email"),
    path("", views.account, name="mfa_index"),
    path("", views.account, name="mfa_list_webauthn"),
    path("passkeys/login/", passkeys.login_webauthn, name="mfa_login_webauthn"),
    path("passkeys/add/", page(passkeys.AddWebAuthnView, "passkey"), name="mfa_add_webauthn"),
    path(
        "passkeys/<int:pk>/remove/",
        passkeys.RemoveWebAuthnView.as_view(success_url=HOME, http_method_names=["post"]),
        name="mfa_remove_webauthn",
    ),
    path(
        "passkeys/again/",
        page(passkeys.ReauthenticateWebAuthnView, "again_by_passkey"),
        name="mfa_reauthenticate_webauthn",
    ),
    path(
        "provider/",
        social.ConnectionsView.as_view(success_url=HOME, http_method_names=["post"]),
        name="socialaccount_connections",
    ),
    path("provider/cancelled/", views.cancelled, name="socialaccount_login_cancelled"),
    path("oidc/<slug:provider_id>/login/", views.provider, name="openid_connect_login"),
    path(
        "oidc/<slug:provider_id>/login/callback/", openid.callback, name="openid_connect_callback"
    ),
]
