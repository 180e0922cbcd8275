"""The database as a whole: its tables made and brought up to date, all of it in one file and back.

Knows tables, no models.
"""
