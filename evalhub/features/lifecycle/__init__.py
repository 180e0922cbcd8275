"""Which version is the champion: promotion, rollback, retiring, overriding, with their doors."""
