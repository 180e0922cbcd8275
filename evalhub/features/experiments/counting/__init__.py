"""Users' sums by day, counted from traffic: nothing is written where a request is answered"""
