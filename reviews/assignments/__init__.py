"""Assignments: which pair a reviewer gets next, on which sides, under which lease; answers."""
