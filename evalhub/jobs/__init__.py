"""Heavy requests worked on by processes of their own, one at a time for each project"""
