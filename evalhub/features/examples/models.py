"""Tables of examples' ways in, and of where they went."""

from evalhub.features.examples.models_calls import CallPart, ExampleCall, ExampleCallQuerySet
from evalhub.features.examples.models_out import ExampleOut

__all__ = ["CallPart", "ExampleCall", "ExampleCallQuerySet", "ExampleOut"]
