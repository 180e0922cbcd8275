"""The database as a whole: kept in one file, and made again from it. Knows tables, no models."""
