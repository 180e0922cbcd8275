"""Today's answers beside a former version's, week by week"""
