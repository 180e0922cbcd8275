"""Evidence read from the database, the ledger of looks, decisions kept."""
