"""What was said and done, chained row by row, sealed at the end, and checked before it is shown."""
