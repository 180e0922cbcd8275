"""Models loaded in the worker: one base for all its adapters, asked in batches."""
