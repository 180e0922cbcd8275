"""What pages of monitors show, read from what was measured."""
