"""Errors of statistics that can't be computed, with sentences."""


class StatisticsError(ValueError):
    """The input cannot be analysed; the message names what is wrong and what would be right."""
