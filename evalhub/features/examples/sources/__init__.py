"""Where examples come from: production's traffic, a model's proposals, variations of examples."""
