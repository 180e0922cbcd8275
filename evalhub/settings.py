"""Django's settings, all read from the environment here and nowhere else.

| variable | meaning | default |
| --- | --- | --- |
| EVALHUB_HOME | where the data lives | ./.evalhub |
| EVALHUB_DATABASE_URL | postgresql://… once SQLite is outgrown | SQLite in EVALHUB_HOME |
| EVALHUB_REDIS_URL | redis://… once one process is outgrown | a queue inside the process |
| EVALHUB_SECRET_KEY | signs sessions; the same in every process | made once, kept in EVALHUB_HOME |
| EVALHUB_ALLOWED_HOSTS | host names the site answers to, by comma | localhost only |
| EVALHUB_TRUSTED_ORIGINS | https origins of a proxy before the site, by comma | none |
| EVALHUB_MAIL_URL | smtps://user:password@host, to send invitations by | links are copied |
| EVALHUB_MAIL_FROM | the sender of such mail | evalhub@localhost |
| EVALHUB_DEBUG | 1 shows tracebacks in the browser | off |
"""

import os
import secrets
import tempfile
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import dj_database_url
from django.utils.csp import CSP
from django.utils.functional import lazy

HOME = Path(os.environ.get("EVALHUB_HOME") or ".evalhub").expanduser().resolve()


def make_home() -> None:
    """Makes the folder HOME, which git takes no notice of. Importing this file makes nothing."""
    try:
        HOME.mkdir(parents=True)
    except FileExistsError:
        if not HOME.is_dir():
            raise
    else:
        (HOME / ".gitignore").write_text("*\n")


def _names(variable: str) -> list[str]:
    return [name.strip() for name in os.environ.get(variable, "").split(",") if name.strip()]


@cache
def _secret_key() -> str:
    """The key from the environment, or the one kept in HOME, made at its first use.

    Of several processes that make one at once, the first one's is everybody's.
    """
    if given := os.environ.get("EVALHUB_SECRET_KEY"):
        return given
    path = HOME / "secret_key"
    if not path.exists():
        make_home()
        descriptor, written = tempfile.mkstemp(dir=HOME, prefix="secret_key.")  # its owner's alone
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(50))
        with suppress(FileExistsError):
            os.link(written, path)
        os.unlink(written)
    return path.read_text()


def _mailer(url: str) -> dict[str, Any]:
    """smtps:// is TLS from the start, smtp+tls:// STARTTLS, smtp:// neither; none sends nothing."""
    if not url:
        return {"BACKEND": "django.core.mail.backends.dummy.EmailBackend"}
    parts = urlsplit(url)
    ports = {"smtp": 25, "smtp+tls": 587, "smtps": 465}
    if parts.scheme not in ports or not parts.hostname:
        raise ValueError("EVALHUB_MAIL_URL isn't of the form smtps://user:password@host:465")
    return {
        "BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "OPTIONS": {
            "host": parts.hostname,
            "port": parts.port or ports[parts.scheme],
            "username": unquote(parts.username or ""),
            "password": unquote(parts.password or ""),
            "use_tls": parts.scheme == "smtp+tls",
            "use_ssl": parts.scheme == "smtps",
            "timeout": 20,
        },
    }


DEBUG = os.environ.get("EVALHUB_DEBUG") == "1"
SECRET_KEY = lazy(_secret_key, str)()  # read, or made, where it is first used
ALLOWED_HOSTS = _names("EVALHUB_ALLOWED_HOSTS") or ["localhost", "127.0.0.1", "[::1]"]
CSRF_TRUSTED_ORIGINS = _names("EVALHUB_TRUSTED_ORIGINS")

INSTALLED_APPS = [
    "evalhub.accounts",
    "evalhub.registry",
    "runners",
    "reviews",
    "evalhub.gate",
    "evalhub.report",
    "evalhub.dashboard",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django_htmx",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "evalhub.accounts.results_seen.RememberWhoSawResults",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]
ROOT_URLCONF = "evalhub.urls"
WSGI_APPLICATION = "evalhub.wsgi.application"
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    }
]

SQLITE_OPTIONS = {
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-64000;",
}
if database_url := os.environ.get("EVALHUB_DATABASE_URL"):
    DATABASES: dict[str, Any] = {
        "default": dict(dj_database_url.parse(database_url, conn_max_age=60))
    }
    # Statements are prepared when they come again: that halves the work of the database.
    DATABASES["default"].setdefault("OPTIONS", {}).update(
        {"server_side_binding": True, "prepare_threshold": 5}
    )
else:
    DATABASES = {
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": HOME / "evalhub.sqlite3",
            "CONN_MAX_AGE": 60,  # opening one anew for each request costs more than most requests
            "OPTIONS": SQLITE_OPTIONS,
        }
    }
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "accounts.User"
LOGIN_URL = "accounts:login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "accounts:login"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
SESSION_COOKIE_HTTPONLY = True
# Behind a proxy that speaks https, cookies don't travel without it.
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = any(
    origin.startswith("https://") for origin in CSRF_TRUSTED_ORIGINS
)

# Every script and style is a file of ours: no inline code, nothing from elsewhere.
SECURE_CSP = {
    "default-src": [CSP.SELF],
    "object-src": [CSP.NONE],
    "base-uri": [CSP.NONE],
    "frame-ancestors": [CSP.NONE],
    "img-src": [CSP.SELF, "data:"],
}
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

STATIC_URL = "static/"
WHITENOISE_USE_FINDERS = True

LANGUAGE_CODE = "en-gb"
USE_TZ = True
TIME_ZONE = "UTC"

REDIS_URL = os.environ.get("EVALHUB_REDIS_URL", "")
MAIL_URL = os.environ.get("EVALHUB_MAIL_URL", "")
MAILERS = {"default": _mailer(MAIL_URL)}
DEFAULT_FROM_EMAIL = os.environ.get("EVALHUB_MAIL_FROM") or "evalhub@localhost"
LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    # its warnings say that requests queue, one line each, just when there is no time for it
    "loggers": {"waitress.queue": {"level": "ERROR"}},
}
