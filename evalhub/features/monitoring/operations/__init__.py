"""Errors, slow requests, throughput, tokens, cost and feedback of the champion, day by day."""
