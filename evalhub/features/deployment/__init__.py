"""Hand-over: what was evaluated put to work, and the check that it is what answers there"""
