"""A study registered and carried through: its runs, its reviews, its next step"""
