"""What leaves: a project's evidence in the forms that others read, each by one verb"""
