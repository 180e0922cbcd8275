"""What is wrong with a model or an adapter that is to be loaded."""


class EngineError(Exception):
    """A model or an adapter that can't be used: which, why, and what to do."""


class NoRoomError(EngineError):
    """A base that doesn't fit into the memory that is free."""


class ItemError(EngineError):
    """Why a model can't answer an item, however often it is asked."""
