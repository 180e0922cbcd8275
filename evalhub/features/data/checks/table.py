"""The checks of a training file, in the order of the report."""

from evalhub.features.data.checks import (
    clusters,
    exact_copies,
    languages,
    lengths,
    near_copies,
    structure,
    templates,
    tokens,
    variety,
    wrappers,
)
from evalhub.features.data.checks.check import Check

CHECKS: tuple[Check, ...] = (
    structure.CHECK,
    wrappers.CHECK,
    tokens.CHECK,
    exact_copies.CHECK,  # the size too, by distinct rows
    near_copies.CHECK,
    templates.CHECK,
    clusters.CHECK,
    variety.CHECK,
    lengths.CHECK,
    languages.CHECK,
)
