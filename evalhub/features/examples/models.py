"""Tables of examples' ways in."""

from evalhub.features.examples.models_calls import CallPart, ExampleCall, ExampleCallQuerySet

__all__ = ["CallPart", "ExampleCall", "ExampleCallQuerySet"]
