"""The texts of a request before they are stored: which are kept, masked, in which language."""

from dataclasses import dataclass
from typing import Any

from evalhub.features.traffic.models import TrafficSettings
from evalhub.features.traffic.rows import RequestRow


@dataclass(frozen=True, slots=True)
class KeptTexts:
    """What is stored of a request's texts.

    Attributes:
        kept: whether its texts are stored: they were sent, and it is among the share that is kept.
        messages: masked; None where it isn't kept.
        output: likewise.
        masked: personal data found in both, and replaced.
        language: a code of ISO 639; "" where it is unknown.
        digest: SHA-256 of the messages' canonical JSON as they were sent; "" where nobody said it.
    """

    kept: bool
    messages: list[dict[str, Any]] | None
    output: str | None
    masked: int
    language: str
    digest: str


def kept_texts(row: RequestRow, settings: TrafficSettings) -> KeptTexts:
    """What is stored of a request's texts."""
    return KeptTexts(False, None, None, 0, row.language, row.digest)
