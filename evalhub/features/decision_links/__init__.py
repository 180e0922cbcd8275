"""Links to one decision for people without an account."""
