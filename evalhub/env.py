"""Environment variables, each checked and converted for Django's settings.

Pure but for the files that EVALHUB_OIDC_ROLES and EVALHUB_X_FILE name.
"""

import json
import re
import tomllib
from collections.abc import Callable, Mapping, MutableMapping
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

ROLES = ("owner", "evaluator", "reviewer")
"""Of `evalhub.accounts.models.Role`, which settings can't import."""
_ROLES = "EVALHUB_OIDC_ROLES"
_ROLES_EXAMPLE = (
    'It is of the form {"support": {"owner": ["evalhub-owners"], "reviewer": ["staff"]}}'
)
OF_CI = (
    "CI",
    "CONTINUOUS_INTEGRATION",
    "GITHUB_ACTIONS",
    "GITLAB_CI",
    "BUILDKITE",
    "BITBUCKET_BUILD_NUMBER",
    "CODEBUILD_BUILD_ID",
    "JENKINS_URL",
    "TEAMCITY_VERSION",
    "TF_BUILD",
)
"""Variables that a CI sets for its jobs."""
_SECRET = re.compile(r"(?:^|_)(?:API_?KEY|KEY|TOKEN|PASSWORD|PASSWD|SECRET)(?:_|$)", re.IGNORECASE)


def read_files(environment: MutableMapping[str, str]) -> None:
    """For every X, reads the file that EVALHUB_X_FILE names into EVALHUB_X.

    White space at the end of a file is no part of the value: editors and `echo` write a line end.
    """
    for name in [name for name in environment if re.fullmatch(r"EVALHUB_\w+_FILE", name)]:
        path, variable = environment.pop(name), name.removesuffix("_FILE")
        if not path:
            continue
        if environment.get(variable):
            raise ImproperlyConfigured(f"{variable} and {name} are both set: unset one of them")
        try:
            value = Path(path).read_text(encoding="utf-8").rstrip()
        except OSError as error:
            raise ImproperlyConfigured(f"{name}: {path} can't be read: {error.strerror}") from None
        except UnicodeDecodeError:
            raise ImproperlyConfigured(f"{name}: {path} isn't text in UTF-8") from None
        if not value:
            raise ImproperlyConfigured(f"{name}: {path} is empty")
        if "\0" in value:
            raise ImproperlyConfigured(f"{name}: {path} has a NUL byte, which no setting may have")
        environment[variable] = value


def in_ci(environment: Mapping[str, str]) -> bool:
    """Whether this process runs in a CI: one of OF_CI is set to anything but 0 or false."""
    values = (environment.get(name, "").strip().lower() for name in OF_CI)
    return any(value not in ("", "0", "false") for value in values)


def mailer(url: str) -> dict[str, Any]:
    """The mailer of a URL: smtps:// is TLS from the start, smtp+tls:// STARTTLS, smtp:// neither;
    an empty one sends nothing."""
    if not url:
        return {"BACKEND": "django.core.mail.backends.dummy.EmailBackend"}
    parts = urlsplit(url)
    ports = {"smtp": 25, "smtp+tls": 587, "smtps": 465}
    if parts.scheme not in ports or not parts.hostname:
        raise ImproperlyConfigured(
            "EVALHUB_MAIL_URL isn't of the form smtps://user:password@host:465"
        )
    return {
        "BACKEND": "evalhub.accounts.mail.SiteMail",
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


def site_url(value: str, *, name: str = "EVALHUB_URL") -> str:
    """The site's address in the form that browsers use, without a final slash; "" if there is none.

    In small letters, a port that its scheme has anyway left out, a name in letters of its own as
    the name system has it. `name` is what the error calls it. Raises ImproperlyConfigured.
    """
    if not value:
        return ""
    try:
        parts = urlsplit(value)
        host, port = (parts.hostname or "").encode("idna").decode(), parts.port
    except ValueError:  # UnicodeError is a subclass
        parts, host, port = urlsplit(""), "", None
    whole = f"{parts.scheme}://{parts.netloc}"
    if (
        parts.scheme not in ("http", "https")
        or not host
        or "@" in parts.netloc
        or "*" in host
        or value.rstrip("/").lower() != whole.lower()
    ):
        raise ImproperlyConfigured(
            f"{name} is a scheme and a host, such as https://evalhub.example.org, without a path"
        )
    host = f"[{host}]" if ":" in host else host
    own = port in (None, {"http": 80, "https": 443}[parts.scheme])
    return f"{parts.scheme}://{host}" if own else f"{parts.scheme}://{host}:{port}"


def proxy_networks(text: str) -> tuple[IPv4Network | IPv6Network, ...]:
    """The networks of trusted proxies; an address is a network of one.

    `text` has addresses and networks, by comma: "10.0.0.2, 10.1.0.0/16, fd00::/8".
    """
    entries = [entry.strip() for entry in text.split(",") if entry.strip()]
    return tuple(map(_proxy_network, entries))


def _proxy_network(entry: str) -> IPv4Network | IPv6Network:
    try:
        network = ip_network(entry, strict=False)
    except ValueError:
        raise ImproperlyConfigured(
            f"EVALHUB_TRUSTED_PROXY: {entry!r} is no IP address and no network; it is where "
            "proxies speak to the site from, such as 10.0.0.2 or 10.0.0.0/8, several by comma"
        ) from None
    if ip_address(entry.partition("/")[0]) != network.network_address:
        raise ImproperlyConfigured(
            f"EVALHUB_TRUSTED_PROXY: {entry!r} is an address and a network in one: say {network} "
            "for the network, or the address without its /"
        )
    if network.prefixlen == 0:
        raise ImproperlyConfigured(
            f"EVALHUB_TRUSTED_PROXY: {entry!r} is every address there is, so anybody could say "
            "where a request comes from: name the networks of the proxies"
        )
    return network


def seconds(text: str, *, name: str, default: float, most: float) -> float:
    """A duration in seconds. `name` is the variable that gave it."""
    if not text.strip():
        return default
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= most:  # NaN fails the comparison too
        raise ImproperlyConfigured(f"{name} is a number of seconds from 0 to {most:g}")
    return value


def identity_provider(
    url: str, client: str, secret: str, name: str, scopes: str = ""
) -> dict[str, Any]:
    """The identity provider in allauth's settings, identified by its address; {} without one."""
    if not url:
        return {}
    parts = urlsplit(url)
    is_local = parts.hostname in ("localhost", "127.0.0.1", "::1")
    if not parts.hostname or parts.scheme not in ({"https", "http"} if is_local else {"https"}):
        raise ImproperlyConfigured("EVALHUB_OIDC_URL isn't of the form https://login.example.org")
    if not client or not secret:
        raise ImproperlyConfigured(
            "EVALHUB_OIDC_URL needs EVALHUB_OIDC_CLIENT_ID and EVALHUB_OIDC_SECRET"
        )
    return {
        # the same subject at another provider is somebody else
        "provider_id": re.sub(r"[^a-z0-9]+", "-", (parts.netloc + parts.path).lower()).strip("-"),
        "name": name or parts.hostname,
        "client_id": client,
        "secret": secret,
        "settings": {"server_url": url.rstrip("/")} | _more_scopes(scopes.split()),
    }


def provider_roles(text: str) -> dict[str, dict[str, list[str]]]:
    """Groups of the identity provider by project and role; {} if none are set.

    Args:
        text: a JSON document, or the path of a JSON or TOML file.
    """
    text = text.strip()
    if not text:
        return {}
    parse: Callable[[str], Any] = json.loads
    if not text.startswith("{"):
        path = Path(text).expanduser()
        parse = tomllib.loads if path.suffix.lower() == ".toml" else json.loads
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else "isn't UTF-8"
            raise ImproperlyConfigured(f"{_ROLES}: {path} can't be read: {why}") from None
    try:
        document = parse(text)
    except (ValueError, RecursionError) as error:
        raise ImproperlyConfigured(f"{_ROLES}: {error}. {_ROLES_EXAMPLE}") from None
    if not isinstance(document, dict):
        raise ImproperlyConfigured(f"{_ROLES}: is no mapping. {_ROLES_EXAMPLE}")
    for project, roles in document.items():
        at = f"{_ROLES}, project {project!r}"
        if not isinstance(roles, dict) or not roles:
            raise ImproperlyConfigured(f"{at}: has roles with their groups. {_ROLES_EXAMPLE}")
        for role, groups in roles.items():
            if role not in ROLES:
                raise ImproperlyConfigured(f"{at}: a role is {', '.join(ROLES)}, not {role!r}")
            if not (isinstance(groups, list) and all(isinstance(name, str) for name in groups)):
                raise ImproperlyConfigured(f"{at}, role {role!r}: a list of groups' names")
    return document


def _more_scopes(scopes: list[str]) -> dict[str, Any]:
    return {"scope": ["openid", "profile", "email", *scopes]} if scopes else {}


def secrets_in(environment: Mapping[str, str]) -> list[str]:
    """The secrets in the environment: passwords in addresses, keys, tokens."""
    addresses = ("EVALHUB_DATABASE_URL", "EVALHUB_REDIS_URL", "EVALHUB_MAIL_URL")
    passwords = [urlsplit(environment.get(name, "")).password or "" for name in addresses]
    keys = [value for name, value in environment.items() if _SECRET.search(name)]
    return [*passwords, *map(unquote, passwords), *keys]
