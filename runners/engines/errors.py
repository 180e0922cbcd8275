"""What is wrong with a model or an adapter that is to be loaded."""


class EngineError(Exception):
    """A model or an adapter that can't be used: which, why, and what to do."""
