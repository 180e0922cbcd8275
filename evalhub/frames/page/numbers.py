"""Numbers that a page's form or address gives as text."""


def whole_number(text: str) -> int:
    """A whole number; 0, which is no row's primary key, for anything else."""
    return int(text) if text.isdecimal() and len(text) < 10 else 0
