"""Examples through people: queues in which they are accepted, edited or rejected."""
