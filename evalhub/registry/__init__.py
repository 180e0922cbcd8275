"""The registry: test sets, model versions, runs with outputs and scores, studies."""
