"""What the pages of production show, read from roll-ups"""
