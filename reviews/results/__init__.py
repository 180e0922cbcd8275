"""What a campaign found, for whoever may know the arms."""
