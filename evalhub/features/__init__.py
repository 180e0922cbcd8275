"""One noun each: its models or pure rule, its verbs, and what the three doors show of it"""
