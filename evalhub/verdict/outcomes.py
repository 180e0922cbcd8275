"""What happened to one item between two arms. Pure."""


def outcome(baseline: float | None, candidate: float | None, difference: float | None) -> str:
    """lost, won, both-right, both-wrong, same, or unpaired where a score is missing.

    `difference` is oriented: positive is better for the candidate. Right is a score of 1, wrong a
    score of 0; two equal scores between are the same.
    """
    if baseline is None or candidate is None or difference is None:
        return "unpaired"
    if difference < 0:
        return "lost"
    if difference > 0:
        return "won"
    if baseline == 1.0:
        return "both-right"
    return "both-wrong" if baseline == 0.0 else "same"
