"""Where a version's questions go and with which key: worked out where the worker runs.

A key is bound to its host outside the study: by the operator's command or alias, or because
everybody knows both. Nothing else is ever sent it.
"""

import ipaddress
import os
from dataclasses import dataclass
from pathlib import Path

from evalhub.declare.keys import (
    IN_A_VARIABLE,
    KeyNotBoundError,
    Reach,
    base_address,
    check_bound,
    host_and_port,
)
from runners.backends.asking import BackendError
from runners.backends.endpoints import endpoint_named
from runners.backends.masking import Secret

LONGEST_KEY = 10_000


@dataclass(frozen=True, slots=True)
class Target:
    """An address with the key that is bound to it.

    Attributes:
        private: whether its host may lie on this machine or in a private network.
    """

    url: str
    key: Secret
    private: bool


def target_of(
    *, url: str | None, key_env: str | None, endpoint: str | None, reach: Reach
) -> Target:
    """The address and key that a backend's three fields mean on this machine, for this reach.

    Raises BackendError: a variable or a file that isn't there, an alias that no operator made, a
    key that nobody bound to the host, an address that nobody allowed. No error holds a key.
    """
    if endpoint is not None:
        return _of_an_alias(endpoint)
    assert url is not None, "a declaration has one of the two"
    if not reach.operator:
        raise BackendError(
            "backend, field 'url': the study didn't come by the operator's own command, so its "
            "address isn't asked; name an endpoint of EVALHUB_ENDPOINTS"
        )
    if variable := IN_A_VARIABLE.fullmatch(url):
        try:
            url = base_address(_from_environment(variable[1], "url"))
        except ValueError as error:
            raise BackendError(f"backend, field 'url': {variable[1]} {error}") from None
    _check_offline(url, reach)
    if key_env is None:
        return Target(url, Secret(""), private=True)
    try:
        check_bound(key_env, url, reach)
    except KeyNotBoundError as error:
        raise BackendError(f"backend, field 'key_env': {error}") from None
    return Target(url, _key(_from_environment(key_env, "key_env"), key_env), private=True)


def _of_an_alias(alias: str) -> Target:
    declared, folder = endpoint_named(alias)
    key = Secret("")
    if declared.key_env is not None:
        key = _key(
            _from_environment(declared.key_env, f"endpoint {alias}, key_env"), declared.key_env
        )
    if declared.key_file is not None:
        key = _key(_from_file(folder / declared.key_file, alias), str(folder / declared.key_file))
    return Target(declared.url, key, declared.private)


def _from_environment(name: str, field: str) -> str:
    value = os.environ.get(name)
    if not value:
        raise BackendError(
            f"backend, field '{field}': the environment variable {name} isn't set where the "
            f"worker runs; export {name} there"
        )
    return value


def _from_file(path: Path, alias: str) -> str:
    try:
        with path.open(encoding="utf-8") as file:
            return file.read(LONGEST_KEY + 1)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "isn't UTF-8"
        raise BackendError(
            f"the key of endpoint {alias!r} can't be read where the worker runs: {path}: {why}"
        ) from None


def _key(read: str, where: str) -> Secret:
    """A key as a header can carry it."""
    key = read.strip()
    if not key or len(key) > LONGEST_KEY or not (key.isascii() and key.isprintable()):
        raise BackendError(f"what {where} holds is no key: one line of printable ASCII is needed")
    return Secret(key)


def _check_offline(url: str, reach: Reach) -> None:
    from django.conf import settings

    if not settings.OFFLINE or reach.allows(url) or _is_here(host_and_port(url)[0]):
        return
    host = host_and_port(url)[0]
    raise BackendError(
        f"EVALHUB_OFFLINE is set, and nobody declared {host}: run the command with --allow "
        f"{host}, or name an endpoint of EVALHUB_ENDPOINTS"
    )


def _is_here(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
