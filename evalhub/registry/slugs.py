"""Slugs for addresses, from names in any script."""

import hashlib
import re
import unicodedata

from django.utils.text import slugify

_DIGEST_DIGITS = 8
_LOOKS_MADE = re.compile(rf"(^|-)[0-9a-f]{{{_DIGEST_DIGITS}}}$")


def slug_of(name: str, *, limit: int = 80) -> str:
    """The slug of a name: the name itself where it is one already, else what can be read of it in
    ASCII and the first 8 digits of its SHA-256, so that two names have two slugs.

    "triage" is triage; "Triage v1.0" and "Triage v10" are triage-v10-… with different digits; a
    name in Chinese is its digits alone.

    Args:
        limit: how many characters a slug may have, 9 or more.
    """
    readable_name = unicodedata.normalize("NFC", name.strip())
    readable = slugify(readable_name)
    if (
        readable == readable_name
        and len(readable_name) <= limit
        and not _LOOKS_MADE.search(readable_name)
    ):
        return readable_name
    digest = hashlib.sha256(readable_name.encode()).hexdigest()[:_DIGEST_DIGITS]
    readable = readable[: limit - _DIGEST_DIGITS - 1].strip("-_")
    return f"{readable}-{digest}" if readable else digest
