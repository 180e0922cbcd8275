"""The verdict on a live experiment: users' days read, judged, and kept as a decision"""
