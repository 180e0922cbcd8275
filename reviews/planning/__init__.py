"""What a campaign asks: its plan, sealed before the first turn; how it is opened and closed."""
