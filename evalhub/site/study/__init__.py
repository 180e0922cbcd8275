"""The study page: the verdict first, then one tab a question."""
