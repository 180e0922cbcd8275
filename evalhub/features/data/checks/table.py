"""The checks of a training file, in the order of the report."""

from evalhub.features.data.checks import exact_copies, lengths, structure
from evalhub.features.data.checks.check import Check

CHECKS: tuple[Check, ...] = (
    structure.CHECK,
    lengths.CHECK,
    exact_copies.CHECK,
)
