"""Statistics: numpy and scipy only, each formula with its source."""
