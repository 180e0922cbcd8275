"""What a study file says: typed, checked, and put together again from rows"""
