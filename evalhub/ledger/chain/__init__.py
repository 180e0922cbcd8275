"""The ledger as a chain: each look, decision and sign-off with the digest of all before it."""
