"""Is a test set in the training data, and does the verdict hold without what is?"""
