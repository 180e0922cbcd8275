"""What runs inside the sandbox: each file whole, by the standard library alone."""
