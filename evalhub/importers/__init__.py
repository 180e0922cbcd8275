"""What other tools wrote, read as items, answers and scores: one file a tool, one table. Pure"""
