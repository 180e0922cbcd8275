"""Django's settings; the environment is read here and nowhere else.

| variable | meaning | default |
| --- | --- | --- |
| EVALHUB_HOME | where the data lives | ./.evalhub |
| EVALHUB_DATABASE_URL | postgresql://… once SQLite is outgrown | SQLite in EVALHUB_HOME |
| EVALHUB_REDIS_URL | redis://… once one process is outgrown | a queue inside the process |
| EVALHUB_SECRET_KEY | signs sessions; the same in every process | made once, kept in EVALHUB_HOME |
| EVALHUB_URL | the address people use: https://evalhub.example.org | this machine's own |
| EVALHUB_TRUSTED_PROXY | addresses and networks of the proxies, by comma | 127.0.0.1 for https |
| EVALHUB_DRAIN_S | seconds from “not ready” to the last connection | 5 behind a proxy, else 0 |
| EVALHUB_UPLOADS | folder of uploaded files, one for all sites of a database | EVALHUB_HOME |
| EVALHUB_ALLOWED_HOSTS | further host names the site answers to, by comma | none |
| EVALHUB_TRUSTED_ORIGINS | refused: EVALHUB_URL says it now | none |
| EVALHUB_MAIL_URL | smtps://user:password@host, for invitations and alarms | links are copied |
| EVALHUB_MAIL_FROM | the sender of such mail | evalhub@localhost |
| EVALHUB_LOG | text, or json: one object a line | text |
| EVALHUB_METRICS_TOKEN | bearer token for reading /metrics | only from this machine |
| EVALHUB_ENDPOINTS | model servers under aliases: a JSON document, or a JSON or TOML file | none |
| EVALHUB_OWN_METRICS | metrics of your own: .py, .toml and .json files, as PATH has them | none |
| EVALHUB_MLFLOW_URL | an MLflow server that gets the aliases champion and challenger | none |
| EVALHUB_OFFLINE | 1 reaches nothing but endpoints that were declared, and no model hub | off |
| EVALHUB_OIDC_URL | address of the team's identity provider (OpenID Connect) | none |
| EVALHUB_OIDC_CLIENT_ID | what the provider calls this site | needed with the address |
| EVALHUB_OIDC_SECRET | the provider's secret for this site | needed with the address |
| EVALHUB_OIDC_NAME | what its button says after "Sign in with" | the address's host |
| EVALHUB_OIDC_JOIN_BY_MAIL | 1 lets verified mail addresses enter existing accounts | off |
| EVALHUB_OIDC_SCOPES | further scopes to ask the provider for, by space: groups | none |
| EVALHUB_OIDC_GROUPS | the claim that has a person's groups; dots lead into it | groups |
| EVALHUB_OIDC_ROLES | groups by project and role: JSON, or a JSON or TOML file | by owners |
| EVALHUB_DEBUG | 1 shows tracebacks in the browser | off |

EVALHUB_X_FILE names a file that holds what EVALHUB_X would, for every one of them.
"""

import os
import secrets
import tempfile
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import dj_database_url
from django.core.exceptions import ImproperlyConfigured
from django.utils.csp import CSP
from django.utils.functional import lazy
from evalhub_gate import ForeignPackagesError, check_packages

from evalhub.env import (
    identity_provider,
    in_ci,
    mailer,
    provider_roles,
    proxy_networks,
    read_files,
    seconds,
    secrets_in,
    site_url,
)
from evalhub.io.private import make_private_file, make_private_folder
from evalhub.libraries import keep_to_themselves
from evalhub.logs import logging_settings

read_files(os.environ)
keep_to_themselves()
try:
    check_packages()  # for whoever starts the site without the command: a WSGI server, manage.py
except ForeignPackagesError as error:
    raise ImproperlyConfigured(str(error)) from error

HOME = Path(os.environ.get("EVALHUB_HOME") or ".evalhub").expanduser().resolve()
# Where uploads lie, if not in HOME: evalhub.registry.uploads.shared_folder
UPLOADS = os.environ.get("EVALHUB_UPLOADS", "")

# A home in CI may be gone with its job, and its ledger with it: evalhub.ledger.ledger_origin
IN_CI = in_ci(os.environ)


def make_home() -> None:
    """Creates the folder HOME, readable by its owner only and ignored by git.

    One that is there keeps its rights: `evalhub doctor` says where they are too wide.
    Importing this file makes nothing.
    """
    try:
        make_private_folder(HOME)
    except FileExistsError:
        if not HOME.is_dir():
            raise
    else:
        ignored = HOME / ".gitignore"
        try:
            make_private_file(ignored)
            ignored.write_text("*\n", encoding="utf-8")
        except OSError as error:  # after a full disk: the next command completes it
            ignored.unlink(missing_ok=True)
            HOME.rmdir()
            error.filename = error.filename or str(ignored)
            raise


def _names(variable: str) -> list[str]:
    return [name.strip() for name in os.environ.get(variable, "").split(",") if name.strip()]


@cache
def _secret_key() -> str:
    """The key from the environment, or the one stored in HOME, created at its first use.

    Of several processes that make one at once, the first one's is everybody's.
    """
    if key := os.environ.get("EVALHUB_SECRET_KEY"):
        return key
    path = HOME / "secret_key"
    if not path.exists():
        make_home()
        descriptor, written = tempfile.mkstemp(dir=HOME, prefix="secret_key.")  # its owner's alone
        try:
            with os.fdopen(descriptor, "w") as file:
                file.write(secrets.token_urlsafe(50))
            with suppress(FileExistsError):
                os.link(written, path)
        except OSError as error:
            error.filename = error.filename or str(path)
            raise
        finally:
            os.unlink(written)
    return path.read_text()


if os.environ.get("EVALHUB_TRUSTED_ORIGINS"):
    raise ImproperlyConfigured(
        "EVALHUB_TRUSTED_ORIGINS isn't read any more: give the site's one address as EVALHUB_URL"
    )
SITE_URL = site_url(os.environ.get("EVALHUB_URL", "").strip())
SITE_HOST = urlsplit(SITE_URL).hostname or "localhost"
HTTPS = SITE_URL.startswith("https://")
LOCAL_HOSTS = ["localhost", "127.0.0.1", "[::1]"]
# The proxy that speaks https for the site is on this machine, unless it is said where.
TRUSTED_PROXIES = proxy_networks(
    os.environ.get("EVALHUB_TRUSTED_PROXY", "").strip() or ("127.0.0.1" if HTTPS else "")
)
DRAIN_S = seconds(
    os.environ.get("EVALHUB_DRAIN_S", ""),
    name="EVALHUB_DRAIN_S",
    default=5 if TRUSTED_PROXIES else 0,
    most=600,
)
DEBUG = os.environ.get("EVALHUB_DEBUG") == "1"
if DEBUG and SITE_HOST not in ("localhost", "127.0.0.1", "::1"):
    raise ImproperlyConfigured(
        "EVALHUB_DEBUG shows the inside of the site to whoever meets an error, so it is for this "
        "machine alone: unset it, or EVALHUB_URL"
    )
SECRET_KEY = lazy(_secret_key, str)()  # read or created at its first use
_HOST = f"[{SITE_HOST}]" if ":" in SITE_HOST else SITE_HOST
ALLOWED_HOSTS = [*LOCAL_HOSTS, _HOST, *_names("EVALHUB_ALLOWED_HOSTS")]
CSRF_TRUSTED_ORIGINS = [SITE_URL] if SITE_URL else []

FEATURES = [
    "beside", "comments", "data", "decision_links", "deployment", "endpoints", "examples",
    "experiments", "exporters", "lifecycle", "monitoring", "ownership", "saved_views",
    "score_audits", "strategy", "study_builder", "traffic", "training", "webhooks", "working_sets",
]  # fmt: skip
INSTALLED_APPS = [
    "evalhub.accounts",
    "evalhub.registry",
    "runners",
    "reviews",
    "evalhub.judges",
    "evalhub.ledger",
    *(f"evalhub.features.{feature}" for feature in FEATURES),
    "evalhub.report",
    "evalhub.jobs",
    "evalhub.site",
    "evalhub.frames.rest",
    *(f"allauth{part}" for part in ("", ".account", ".mfa")),
    "evalhub.accounts.apps.SocialAccounts",
    "allauth.socialaccount.providers.openid_connect",
    "evalhub.accounts.apps.Admin",
    *(f"django.contrib.{name}" for name in ("auth", "contenttypes", "sessions", "messages")),
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django_htmx",
]
MIDDLEWARE = [
    "evalhub.serving.requests.IdentifiedRequests",
    "evalhub.serving.watching.ByAnyHost",
    "evalhub.accounts.addresses.OneAddress",
    "evalhub.serving.headers.PrivateAnswers",
    "evalhub.serving.compression.CompressedPages",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "evalhub.serving.refusals.RefusalsForPeople",
    "evalhub.serving.plain_fields.PlainFields",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "evalhub.serving.strangers.StrangersInTurn",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "evalhub.accounts.draft_recovery.SignInRequired",
    "evalhub.accounts.results_seen.RememberWhoSawResults",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "evalhub.frames.page.read_from.StaleForms",
    "evalhub.serving.heavy_forms.HeavyForms",
    "allauth.account.middleware.AccountMiddleware",
]
ROOT_URLCONF = "evalhub.urls"
WSGI_APPLICATION = "evalhub.wsgi.application"
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "builtins": [  # any template may explain a word, or say what its form was read from
                "evalhub.report.templatetags.terms",
                "evalhub.report.templatetags.request_line",
                "evalhub.frames.page.read_from",
            ],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "evalhub.accounts.views.person",
            ],
        },
    }
]

# A commit is on the disk before anybody is told of it (FULL): losing power loses nothing that was
# called saved. A thread's connection has up to cache_size KiB of pages; more made nothing faster.
SQLITE_OPTIONS = {
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-4000;",
}
OUR_ENGINES = {"django.db.backends.postgresql": "evalhub.database.postgresql"}
if database_url := os.environ.get("EVALHUB_DATABASE_URL"):
    # A connection is looked at before it is used again: the server may have been started anew.
    database: Any = dj_database_url.parse(database_url, conn_max_age=60, conn_health_checks=True)
    database["ENGINE"] = OUR_ENGINES.get(database["ENGINE"], database["ENGINE"])
    # Statements are prepared when they come again: that halves the work of the database.
    database.setdefault("OPTIONS", {}).update(server_side_binding=True, prepare_threshold=5)
    DATABASES: dict[str, Any] = {"default": database}
else:
    DATABASES = {
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": HOME / "evalhub.sqlite3",
            "CONN_MAX_AGE": 60,  # opening one anew for each request costs more than most requests
            "OPTIONS": SQLITE_OPTIONS,
        }
    }

# Counts guesses for all processes, whatever else is configured (evalhub.accounts.guessing).
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "accounts_cache",
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    }
}

# People sign in by django-allauth: docs/how-to/accounts.md, docs/explanation/decisions/sign-in.md
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
LOGIN_URL = "accounts:login"
CSRF_FAILURE_VIEW = "evalhub.accounts.views.csrf_failure"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "accounts:login"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
ACCOUNT_ADAPTER = "evalhub.accounts.adapters.SiteAccounts"
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "email", "password1*"]
ACCOUNT_CHANGE_EMAIL = True  # one address for each user; a new one counts once its link was opened
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_REAUTHENTICATION_REQUIRED = SOCIALACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_REAUTHENTICATION_METHODS = {"password", "mfa"}  # no code by mail, which allauth 65.22 adds
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_RATE_LIMITS = {"login": "60/m/ip"}  # every submission; guesses have limits of their own
MFA_ADAPTER = "evalhub.accounts.adapters.Passkeys"
MFA_FORMS = {
    f"{verb}_webauthn": f"evalhub.accounts.passkeys.{verb.title()}Form"
    for verb in ("add", "login", "reauthenticate")
}
MFA_SUPPORTED_TYPES = ["webauthn"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_ALLOW_UNVERIFIED_EMAIL = True
SOCIALACCOUNT_ADAPTER = "evalhub.accounts.adapters.ProviderAccounts"
SOCIALACCOUNT_EMAIL_AUTHENTICATION_AUTO_CONNECT = True
OIDC = identity_provider(
    os.environ.get("EVALHUB_OIDC_URL", ""),
    client=os.environ.get("EVALHUB_OIDC_CLIENT_ID", ""),
    secret=os.environ.get("EVALHUB_OIDC_SECRET", ""),
    name=os.environ.get("EVALHUB_OIDC_NAME", ""),
    scopes=os.environ.get("EVALHUB_OIDC_SCOPES", ""),
)
OIDC_GROUPS = os.environ.get("EVALHUB_OIDC_GROUPS", "").strip() or "groups"
OIDC_ROLES = provider_roles(os.environ.get("EVALHUB_OIDC_ROLES", ""))
if OIDC_ROLES and not OIDC:
    raise ImproperlyConfigured("EVALHUB_OIDC_ROLES needs EVALHUB_OIDC_URL, the identity provider")
# whereto the form that begins signing in there is redirected
OIDC_ORIGINS = [urljoin(OIDC["settings"]["server_url"], "/")] if OIDC else []
OIDC_JOIN_BY_MAIL = os.environ.get("EVALHUB_OIDC_JOIN_BY_MAIL") == "1"
SOCIALACCOUNT_PROVIDERS = {
    "openid_connect": {"OAUTH_PKCE_ENABLED": True, "APPS": [OIDC] if OIDC else []}
}
SESSION_COOKIE_AGE = 14 * 24 * 3600
SESSION_COOKIE_HTTPONLY = True
# Behind a proxy that speaks https nothing travels without it. Whether a request came so, waitress
# knows from the trusted proxy (evalhub.cli.site).
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SECURE_SSL_REDIRECT = HTTPS
SECURE_SSL_HOST = urlsplit(SITE_URL).netloc
SECURE_REDIRECT_EXEMPT = [r"^(healthz|readyz|metrics)$"]  # asked from inside, not by the proxy
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if HTTPS else 0
# The domain's other names and the browsers' lists are for the domain's owner to decide on, and a
# site without mail says where its links are to be copied.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021", "mail.E001"]

# Every script and style is a file of ours: no inline code, nothing from elsewhere. A form may lead
# to another site only where that is added here (an identity provider's).
SECURE_CSP = {
    "default-src": [CSP.SELF],
    "object-src": [CSP.NONE],
    "base-uri": [CSP.NONE],
    "frame-ancestors": [CSP.NONE],
    "form-action": [CSP.SELF, *OIDC_ORIGINS],
    "img-src": [CSP.SELF, "data:"],
}
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

# The server takes large bodies for these alone (evalhub.serving.server).
UPLOAD_PAGES = [
    "site:upload_pairs",
    "site:new_comparison",
    "site:new_working_set",
    "site:new_run",
]
UPLOAD_ENDPOINTS = (
    r"/api/v1/projects/[\w-]+/(files/sha256:[0-9a-f]{64}|ingestions/\d+/rows|requests|signals)"
    r"|/working-sets/\d+/(rows|near-copies)/|/v1/(traces|logs)"
)
# What costs CPU waits for its turn, and leaves threads to people (evalhub.serving.lanes): all that
# is sent but by people on their own pages and by who asks for a flag, and these of what is read.
PEOPLES_ADDRESSES = r"/(reviews|accounts|static|ofrep)/|/(healthz|readyz|metrics)?$"
COSTLY_READS = (
    r"/api/v1/projects/[\w-]+/(exports/.+|decisions/\d+/flips|studies/[\w-]+/(cost|policy)"
    r"|campaigns/\d+/results|working-sets/\d+(/items)?|runs/\d+/(outputs|scores)"
    r"|test-sets/[\w-]+/versions/\d+/items)"
    r"|/studies/\d+/(|cost/|policy/|items/|items\..+|study\.\w+)"
    r"|/(runs|test-sets)/\d+/(items/|items\..+)"
    r"|/campaigns/\d+/(results|judgments|audit|export)(/|\.json)|/campaigns/new/"
    r"|/working-sets/\d+/(publish/)?|/decisions/\d+/.*|/versions/beside/|/search/"
)

REST_FRAMEWORK = {  # the rest in evalhub.frames.rest.endpoint
    "DEFAULT_SCHEMA_CLASS": "evalhub.frames.rest.document.Operations",
    "EXCEPTION_HANDLER": "evalhub.api.problems.answer_problem",
    "UNAUTHENTICATED_USER": None,
    "URL_FORMAT_OVERRIDE": None,
}

STATIC_URL = "static/"
WHITENOISE_USE_FINDERS = True

LANGUAGE_CODE = "en-gb"
USE_TZ = True
TIME_ZONE = "UTC"

REDIS_URL = os.environ.get("EVALHUB_REDIS_URL", "")
MLFLOW_URL = os.environ.get("EVALHUB_MLFLOW_URL", "").strip()
ENDPOINTS = os.environ.get("EVALHUB_ENDPOINTS", "")  # read by runners.backends.endpoints
# read again by runners.metrics.own_table, for programs that have no settings
OWN_METRICS = os.environ.get("EVALHUB_OWN_METRICS", "")
OFFLINE = os.environ.get("EVALHUB_OFFLINE") == "1"
if os.environ.get("EVALHUB_OFFLINE", "") not in ("", "0", "1"):
    raise ImproperlyConfigured("EVALHUB_OFFLINE is 1 or 0")  # any other word would have no effect
MAIL_URL = os.environ.get("EVALHUB_MAIL_URL", "")
MAILERS = {"default": mailer(MAIL_URL)}
DEFAULT_FROM_EMAIL = os.environ.get("EVALHUB_MAIL_FROM") or "evalhub@localhost"
METRICS_TOKEN = os.environ.get("EVALHUB_METRICS_TOKEN", "")
DEFAULT_EXCEPTION_REPORTER = "evalhub.serving.hiding.ReporterWithoutSecrets"
DEFAULT_EXCEPTION_REPORTER_FILTER = "evalhub.serving.hiding.NoValues"

_GIVEN_SECRETS = secrets_in(os.environ)


def known_secrets() -> list[str]:
    """Secrets that no page, log or report of this process may hold."""
    secrets = [_secret_key()] if _secret_key.cache_info().currsize else []  # else nobody read it
    return [*_GIVEN_SECRETS, *secrets]


LOG = os.environ.get("EVALHUB_LOG") or "text"
if LOG not in ("text", "json"):
    raise ImproperlyConfigured("EVALHUB_LOG is text or json")
LOGGING = logging_settings(LOG, known_secrets)
