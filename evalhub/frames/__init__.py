"""How a command, an endpoint and a page are made: what all of one door have in common"""
