"""A metric over several answers to one question."""


def share_right(references: list[str], predictions: list[list[str]]) -> float:
    """Which share of the answers is the right one."""
    said = predictions[0] if isinstance(predictions[0], list) else [predictions[0]]
    return sum(each == references[0] for each in said) / len(said)
