"""The page on which a study's policy is changed: one table of what must hold."""
