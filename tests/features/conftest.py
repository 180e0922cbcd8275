"""Fixtures of the features' tests: a program that calls the API with a token."""

from tests.api.conftest import program  # noqa: F401
