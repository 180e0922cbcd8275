"""The study page: the verdict with its reasons, one table of arms by criteria, and tabs."""
