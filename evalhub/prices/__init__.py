"""What a model's tokens cost: a small table with days and sources, and an operator's own. Pure"""
