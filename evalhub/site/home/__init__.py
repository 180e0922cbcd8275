"""The page that one starts with: what needs somebody, then the newest verdicts."""
