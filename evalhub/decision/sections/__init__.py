"""What a decision rests on beside its criteria: one file a section of the record."""
