"""What doubling the training examples buys"""
