"""The endpoints that an operator made: which models answer there, what they cost, one tried."""
