"""The site kept running: what its answers carry, what it may take, how it is watched."""
