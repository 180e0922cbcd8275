"""What statistics cannot be computed from, said in words."""


class StatisticsError(ValueError):
    """The input cannot be analysed; the message names what is wrong and what would be right."""
