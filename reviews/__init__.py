"""People compare answers blindly."""
