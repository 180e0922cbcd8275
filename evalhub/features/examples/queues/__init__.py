"""A project's queues of examples, for who owns them"""
