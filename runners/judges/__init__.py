"""Judges: models that are asked what other models' answers are worth."""
