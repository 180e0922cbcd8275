"""What all endpoints have in common: whose token, which project, lists, problems, documents"""
