"""Judges' commands: ask a study's judge, and check one against people's labels."""
