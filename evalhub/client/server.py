"""The site's address and token: never from an argument that a list of processes shows."""

import ipaddress
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

ADDRESS, TOKEN = "EVALHUB_SERVER", "EVALHUB_TOKEN"


class ServerError(ValueError):
    """An address or a token that can't be used, and what would be right."""


@dataclass(frozen=True, slots=True)
class Server:
    """A site and the token for it.

    Attributes:
        address: scheme, host, port and path, without a slash at its end.
    """

    address: str
    token: str = field(repr=False)

    @classmethod
    def of(
        cls,
        address: str | None,
        token_file: Path | None,
        environment: Mapping[str, str] = os.environ,
    ) -> "Server":
        """The site of this address, or of EVALHUB_SERVER; the token of a file, or EVALHUB_TOKEN.

        Raises ServerError.
        """
        return cls(
            normalise_url(address or environment.get(ADDRESS) or ""),
            _token(token_file, environment),
        )


def normalise_url(text: str) -> str:
    """The address without a slash at its end. Raises ServerError for one that isn't fit for a
    token: in the clear over a network, with a user, or no address at all."""
    try:
        parts = urlsplit(text.strip())
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise ServerError(f"{text!r} is no address: {error}") from error
    if parts.scheme not in ("http", "https") or not host:
        raise ServerError(f"say the site's address, https://…, by --server or {ADDRESS}")
    if parts.username is not None or parts.query or parts.fragment:
        raise ServerError("the site's address is scheme, host, port and path alone")
    if parts.scheme == "http" and not is_here(host):
        raise ServerError(
            f"http://{host}: https is needed, or anybody on the way reads the token and the answers"
        )
    return text.strip().rstrip("/")


def is_here(host: str) -> bool:
    """Whether it is this machine by its own word, which no name server can change."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _token(file: Path | None, environment: Mapping[str, str]) -> str:
    token = environment.get(TOKEN, "")
    if file is not None:
        try:
            token = file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ServerError(f"the token file {file} can't be read: {error}") from error
    token = token.strip()
    if not token:
        raise ServerError(f"there is no token: put it into {TOKEN}, or name its --token-file")
    if not token.isascii() or not token.isprintable() or " " in token:
        raise ServerError("the token isn't one: it starts with evh_ and is one word")
    return token
