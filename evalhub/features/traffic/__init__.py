"""Traffic: requests that production served and signals about them, taken in, rolled up and shown"""
