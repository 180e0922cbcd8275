"""Quality on recent answers: a daily sample scored, a weekly one compared with a former version"""
