"""What exists: test sets, model versions, runs with outputs and scores, studies."""
