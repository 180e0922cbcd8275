"""What a campaign's judgments show, and what is done because of them."""
