"""A text as a report may show it: without personal data and secrets. Pure."""

from evalhub.features.data.checks.secret_patterns import secrets_in
from evalhub.features.traffic.privacy.personal_data import personal_data

_AROUND = 10_000
"""Characters beside the first value in which others are looked for."""
_BEFORE = 80
"""Characters before the first value that are shown."""


def masked_excerpt(text: str) -> str:
    """What stands around the first value of a text, each value replaced by its kind.

    A secret keeps the letters that tell who issued it. The text's beginning where there is no
    value.
    """
    secrets = [(match.start, match.end, match.kind, match.shown) for match in secrets_in(text)]
    personal = [(match.start, match.end, str(match.kind), 0) for match in personal_data(text)]
    values = sorted(secrets + personal)
    if not values:
        return text[:_AROUND]
    start = max(0, values[0][0] - _BEFORE)
    until = values[0][0] + _AROUND
    parts = ["…" if start else ""]
    end = start
    for value_start, value_end, kind, shown in values:
        if value_start > until:
            break
        if value_start >= end:
            parts += text[end:value_start], text[value_start : value_start + shown], f"[{kind}]"
        # A value may lie in another one: a mail address in a URL's password.
        end = max(end, value_end)
    return "".join((*parts, text[end : max(end, until)]))
