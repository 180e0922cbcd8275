"""PostgreSQL as Django's engine, which waits for no server that hangs."""
