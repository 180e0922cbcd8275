"""Tokens that stand in a text in place of personal data. Pure.

The same value has the same number in all texts of a request: `[mail-1]`, `[mail-2]`, `[phone-1]`.
"""

import re
from enum import StrEnum


class DataKind(StrEnum):
    """A kind of personal data, as it stands in a token: `[mail-1]`."""

    MAIL = "mail"
    IBAN = "iban"
    CARD = "card"
    PHONE = "phone"


TOKEN = re.compile(rf"\[(?:{'|'.join(DataKind)})-[1-9][0-9]{{0,5}}\]")


def masking_token(kind: DataKind, number: int) -> str:
    """The token of a request's value of that kind, counted from 1."""
    return f"[{kind}-{number}]"
