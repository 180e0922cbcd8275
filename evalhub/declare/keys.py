"""Which key may be sent to which host, configured outside the document that names the key. Pure."""

import re
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from evalhub.declare.declaration import Declaration
from evalhub.declare.outside import Outside

_VARIABLE = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_OURS = re.compile(
    r"EVALHUB_.*|(.*_)?(DATABASE|REDIS|BROKER)_URL|PG\w+|POSTGRES\w*|DJANGO_\w+|(.*_)?SECRET_KEY"
)
"""Variables that hold secrets of this site or of the machine under it, and of no model server."""
_AN_ADDRESS = {"EVALHUB_DEMO_URL"}
IN_A_VARIABLE = re.compile(r"\$\{([A-Za-z_]\w*)\}", re.ASCII)
"""How an address names the variable that holds it."""
_URL = re.compile(r"https?://(?:[\w.-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?(?:/[^\s\\@?#]*)?")

WELL_KNOWN: dict[str, tuple[str, ...]] = {
    "ANTHROPIC_API_KEY": ("api.anthropic.com",),
    "CEREBRAS_API_KEY": ("api.cerebras.ai",),
    "DEEPSEEK_API_KEY": ("api.deepseek.com",),
    "FIREWORKS_API_KEY": ("api.fireworks.ai",),
    "GEMINI_API_KEY": ("generativelanguage.googleapis.com",),
    "GROQ_API_KEY": ("api.groq.com",),
    "HF_TOKEN": ("router.huggingface.co",),
    "MISTRAL_API_KEY": ("api.mistral.ai",),
    "NVIDIA_API_KEY": ("integrate.api.nvidia.com",),
    "OPENAI_API_KEY": ("api.openai.com", "eu.api.openai.com", "us.api.openai.com"),
    "OPENROUTER_API_KEY": ("openrouter.ai",),
    "TOGETHER_API_KEY": ("api.together.xyz", "api.together.ai"),
    "XAI_API_KEY": ("api.x.ai",),
}
"""Keys by their usual names, and the hosts that they are for, as is commonly known: each provider's
documents weren't looked up. They go there by https alone; others are the operator's to name."""


def _is_a_variable(name: str) -> str:
    # What was given isn't repeated: it may be a key.
    if not _VARIABLE.fullmatch(name):
        raise ValueError("must be the name of an environment variable that holds the key")
    if _OURS.fullmatch(name.upper()):
        raise ValueError(
            f"{name} belongs to this site, and is sent to no model: put the model's key into a "
            "variable of its own"
        )
    return name


KeyVariable = Annotated[str, AfterValidator(_is_a_variable), Outside("variable")]
"""The name of an environment variable that holds a key; none of this site's own secrets."""


def is_ours(variable: str) -> bool:
    """Whether a variable may hold a secret of this site or of its machine."""
    return _OURS.fullmatch(variable.upper()) is not None


def check_address_variable(name: str) -> None:
    """Raise ValueError for a variable that no address may be read from."""
    if _OURS.fullmatch(name.upper()) and name not in _AN_ADDRESS:
        raise ValueError(f"{name} belongs to this site: put the address into a variable of its own")


def address_or_variable(url: str) -> str:
    """A base address, or ${NAME}, the variable that holds one. Raises ValueError."""
    if variable := IN_A_VARIABLE.fullmatch(url):
        check_address_variable(variable[1])
        return url
    return base_address(url)


def base_address(url: str) -> str:
    """An http address without its last slash, such as http://127.0.0.1:8000/v1. Raises
    ValueError."""
    parts = urlsplit(url.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("must be an address such as http://127.0.0.1:8000/v1")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError("must hold no user, key or query: name the key's variable in 'key_env'")
    if parts.path.rstrip("/").endswith("/completions"):
        raise ValueError("must be the base, ending in /v1: the rest is added by 'api'")
    if not _URL.fullmatch(url.strip()):
        # Whatever two readers of addresses could take for two hosts.
        raise ValueError("must be a plain address such as http://127.0.0.1:8000/v1")
    _ = host_and_port(url)
    return url.strip().rstrip("/")


def host_and_port(url: str) -> tuple[str, int]:
    """Host (ASCII, lower case) and port of an address. Raises ValueError."""
    parts = urlsplit(url.strip())
    return _plain_host(parts.hostname or ""), parts.port or (443 if parts.scheme == "https" else 80)


def _plain_host(host: str) -> str:
    if ":" in host:
        return host.lower()
    try:
        return host.rstrip(".").encode("idna").decode("ascii").lower()
    except UnicodeError:
        raise ValueError("must be an address of a host with a name that can be") from None


def _is_a_host(text: str) -> str:
    """Validate a host as `--allow` takes it: HOST, HOST:PORT or [IPV6]:PORT."""
    bare = f"[{text}]" if text.count(":") > 1 and not text.startswith("[") else text
    try:
        parts = urlsplit(f"//{bare}")
        is_plain = parts.hostname and f"//{bare}" == f"//{parts.netloc}" and "@" not in bare
        host, port = _plain_host(parts.hostname or ""), parts.port
    except ValueError:
        is_plain = None
    if not is_plain or not re.fullmatch(r"[\w.:-]+", host):
        raise ValueError(f"{text[:80]!r} isn't a host such as models.example.org or 127.0.0.1:8000")
    host_text = f"[{host}]" if ":" in host else host
    return host_text if port is None else f"{host_text}:{port}"


Host = Annotated[str, AfterValidator(_is_a_host)]
"""A host, or a host and a port."""


class Reach(Declaration):
    """What a run may reach, by the word of who launched it and not of the study.

    A run is of one version, which names one key: so a host on the run is that key's.
    """

    operator: bool = Field(
        False,
        description="launched by the operator's own command: the study's addresses and variables "
        "are theirs",
    )
    hosts: tuple[Host, ...] = Field(
        (), description="hosts that this command allowed the key to be sent to"
    )

    def allows(self, url: str) -> bool:
        """Whether the address's host is allowed."""
        host, port = host_and_port(url)
        host_text = f"[{host}]" if ":" in host else host
        return host_text in self.hosts or f"{host_text}:{port}" in self.hosts


class KeyNotBoundError(ValueError):
    """Nobody has allowed this key to be sent to that host."""


def check_bound(variable: str, url: str, reach: Reach) -> None:
    """Raise KeyNotBoundError unless this key may be sent to that address.

    It may where the operator's command allowed the host, or where both are known to belong together
    and the address is https.
    """
    host, port = host_and_port(url)
    if reach.allows(url):
        return
    well_known = WELL_KNOWN.get(variable, ())
    if host in well_known and urlsplit(url).scheme == "https" and port == 443:
        return
    host_text = f"[{host}]" if ":" in host else host
    if port not in (80, 443):
        host_text = f"{host_text}:{port}"
    theirs = f" ({variable} goes to https://{well_known[0]} by itself)" if well_known else ""
    raise KeyNotBoundError(
        f"nobody has said that {variable} may be sent to {host_text}{theirs}: run the command with "
        f"--allow {host_text}, or name an endpoint of EVALHUB_ENDPOINTS"
    )
