"""One turn after the other: which pair, on which sides, under which lease, and what was said."""
