"""API keys, tokens, private keys and passwords in texts, by their issuers' own prefixes. Pure.

A text is searched only from an anchor, a few letters that a secret of that kind begins with, so
that a text without any costs microseconds. Which shape an issuer's keys have is what it publishes;
a key of no issuer with a prefix isn't seen.
"""

import base64
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

FEWEST_CHARACTERS = 6
"""Different ones that a random key has at least: `sk-xxxxxxxx` and `AKIA0000…` are none."""


class SecretMatch(NamedTuple):
    """A secret at `text[start:end]`; the first `shown` characters tell only who issued it."""

    kind: str
    start: int
    end: int
    shown: int


@dataclass(frozen=True, slots=True)
class SecretKind:
    """How secrets of one kind look.

    Attributes:
        name: who issues it, or what it is.
        anchors: texts of which one stands in every such secret.
        pattern: the whole of it; group 1, where there is one, is what must stay hidden.
        is_one: whether a match is a secret.
    """

    name: str
    anchors: tuple[str, ...]
    pattern: re.Pattern[str]
    is_one: Callable[[str], bool]


def _is_random(value: str) -> bool:
    """Whether a key's characters vary as those of a real one; examples of documents don't."""
    return len(set(value[4:])) >= FEWEST_CHARACTERS and not value.upper().endswith("EXAMPLE")


def _is_mixed(value: str) -> bool:
    """Random, and of letters and digits: words with hyphens are none."""
    return _is_random(value) and any(c.isdigit() for c in value) and any(c.isalpha() for c in value)


def _is_jwt(value: str) -> bool:
    """Whether the first part is a header that names its algorithm (RFC 7515)."""
    head = value.partition(".")[0]
    try:
        header = json.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))
    except (ValueError, RecursionError):
        return False
    return isinstance(header, dict) and "alg" in header


_PLACEHOLDERS = frozenset(
    [
        "password",
        "passwd",
        "pass",
        "secret",
        "changeme",
        "yourpassword",
        "your_password",
        "mypassword",
        "user",
        "example",
        "test",
        "token",
        "yourtoken",
        "your_token",
        "apikey",
        "api_key",
        "your_api_key",
    ]
)


def _is_password(value: str) -> bool:
    """Whether what stands in a URL is a value, not a name for one: `<password>`, `$PASS`, `***`."""
    return (
        value.lower() not in _PLACEHOLDERS
        and len(set(value)) > 2
        and not value.startswith(("$", "<", "{", "[", "%", "your"))
    )


def _kind(
    name: str, anchors: str, pattern: str, is_one: Callable[[str], bool] = _is_random
) -> SecretKind:
    return SecretKind(name, tuple(anchors.split()), re.compile(pattern), is_one)


_ENCODED = re.compile("[A-Za-z0-9+/=]{16}")
_END = r"(?![A-Za-z0-9_-])"
_KINDS = (
    _kind("AWS access key", "AKIA ASIA", r"\b(?:AKIA|ASIA)[A-Z2-7]{16}(?![A-Za-z0-9])"),
    _kind("GitHub token", "ghp_ gho_ ghu_ ghs_ ghr_", r"\bgh[pousr]_[A-Za-z0-9]{36,255}\b"),
    _kind("GitHub token", "github_pat_", r"\bgithub_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59}\b"),
    _kind("GitLab token", "glpat-", rf"\bglpat-[A-Za-z0-9_-]{{20,200}}{_END}"),
    _kind("Anthropic key", "sk-ant-", rf"\bsk-ant-[A-Za-z0-9_-]{{24,200}}{_END}", _is_mixed),
    _kind(
        "OpenAI key",
        "sk-",
        rf"(?<![A-Za-z0-9_-])sk-(?!ant-)(?:proj-|svcacct-|admin-)?"
        rf"(?:[A-Za-z0-9]{{20,200}}|[A-Za-z0-9_-]{{40,250}}){_END}",
        _is_mixed,
    ),
    _kind(
        "Slack token",
        "xox xapp-",
        rf"\b(?:xox[abeoprs]|xapp)-[A-Za-z0-9-]{{16,250}}{_END}",
        _is_mixed,
    ),
    _kind("Google key", "AIza", rf"\bAIza[0-9A-Za-z_-]{{35}}{_END}"),
    _kind("Hugging Face token", "hf_", r"\bhf_[A-Za-z0-9]{30,40}\b"),
    _kind("Stripe key", "sk_live_ rk_live_", r"\b(?:sk|rk)_live_[A-Za-z0-9]{16,250}\b", _is_mixed),
    _kind("npm token", "npm_", r"\bnpm_[A-Za-z0-9]{36}\b", _is_mixed),
    _kind("PyPI token", "pypi-AgEI", r"\bpypi-AgEI[A-Za-z0-9_-]{50,500}"),
    _kind("SendGrid key", "SG.", rf"\bSG\.[A-Za-z0-9_-]{{22}}\.[A-Za-z0-9_-]{{43}}{_END}"),
    _kind(
        "JSON web token",
        "eyJ",
        r"\beyJ[A-Za-z0-9_-]{8,2000}\.[A-Za-z0-9_-]{8,8000}\.[A-Za-z0-9_-]{16,2000}",
        _is_jwt,
    ),
    _kind(
        "private key",
        "-----BEGIN",
        r"-----BEGIN (?:[A-Z]{2,9} ){0,2}PRIVATE KEY(?: BLOCK)?-----[^-]{0,20000}"
        r"(?:-----END [A-Z ]{0,40}-----)?",
        lambda value: _ENCODED.search(value, value.index("KEY")) is not None,
    ),
    _kind(
        "password in a URL",
        "://",
        r"://[^\s/:@'\"<>]{0,100}:([^\s/@'\"<>]{3,200})@[\w.-]",
        _is_password,
    ),
    _kind(
        "password in a URL",
        "://",
        r"(?i)://[^\s'\"<>]{1,500}[?&](?:password|passwd|pwd|"
        r"api[_-]?key|access_token|auth_token|client_secret)=([^\s&#'\"<>]{6,200})",
        _is_password,
    ),
)
_BY_ANCHOR = tuple((anchor, kind) for kind in _KINDS for anchor in kind.anchors)
_SHOWN = {"private key": 0, "password in a URL": 0, "JSON web token": 3}
_SHOWN_OF_KEY = 4


def secrets_in(text: str) -> list[SecretMatch]:
    """Secrets of a text, from left to right."""
    kinds = dict.fromkeys(kind for anchor, kind in _BY_ANCHOR if anchor in text)
    if not kinds:
        return []
    return [*_without_overlaps(sorted(_matches(text, kinds), key=lambda match: match.start))]


def _matches(text: str, kinds: dict[SecretKind, None]) -> Iterator[SecretMatch]:
    for kind in kinds:
        group = 1 if kind.pattern.groups else 0
        for match in kind.pattern.finditer(text):
            if kind.is_one(match[group]):
                shown = _SHOWN.get(kind.name, _SHOWN_OF_KEY)
                yield SecretMatch(kind.name, match.start(group), match.end(group), shown)


def _without_overlaps(matches: list[SecretMatch]) -> Iterator[SecretMatch]:
    end = 0
    for match in matches:
        if match.start >= end:
            yield match
            end = match.end
