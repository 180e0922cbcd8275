"""Numbers as findings, measures and tables show them. Pure."""


def rows_text(count: int) -> str:
    """`1 row`, `2,000 rows`."""
    return f"{count:,} row{'' if count == 1 else 's'}"


def percent(share: float) -> float:
    """A share in percent, as measures and tables show it."""
    return round(100 * share, 2)
