"""A training file's rows: read as trainers read them, sampled, named by what they hold"""
