"""Calls of models that proposed an example, and where an example went."""

from evalhub.features.examples.models.calls import CallPart, ExampleCall, ExampleCallQuerySet
from evalhub.features.examples.models.outs import SentExample, SentExampleQuerySet

__all__ = ["CallPart", "ExampleCall", "ExampleCallQuerySet", "SentExample", "SentExampleQuerySet"]
