"""Message signatures by Standard Webhooks 1.0.0 (standardwebhooks.com). Pure.

A webhook's secret isn't kept anywhere: it is worked out from the site's own key and a random salt,
so that who reads the database, or a backup, can't sign for the site.
"""

import base64
import hmac
from collections.abc import Sequence

PREFIX = "whsec_"


def secret_of(site_key: str, salt: str) -> str:
    """A webhook's secret: 32 bytes in the form of the standard."""
    digest = hmac.digest(site_key.encode(), f"webhook\0{salt}".encode(), "sha256")
    return PREFIX + base64.b64encode(digest).decode()


def signatures(secrets: Sequence[str], *, message_id: str, timestamp: int, body: str) -> str:
    """The header `webhook-signature`: one signature for each secret, the newest first.

    Raises ValueError for what is no secret.
    """
    signed = f"{message_id}.{timestamp}.{body}".encode()
    return " ".join(
        f"v1,{base64.b64encode(hmac.digest(_key(secret), signed, 'sha256')).decode()}"
        for secret in secrets
    )


def _key(secret: str) -> bytes:
    if not secret.startswith(PREFIX):
        raise ValueError(f"a secret starts with {PREFIX}")
    return base64.b64decode(secret.removeprefix(PREFIX), validate=True)
