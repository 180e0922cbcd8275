"""The demo: a study on a small model's answers, and how they were made."""
