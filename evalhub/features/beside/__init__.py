"""Two runs, or two prompts, beside each other without a study: for reading, never for a verdict."""
