"""Leakage's commands: is a test set in the training data? The search is the ledger's."""
