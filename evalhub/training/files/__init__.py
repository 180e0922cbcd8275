"""The files that a training leaves: one reader a file, each of which says what stands there."""
