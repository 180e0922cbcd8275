"""Questions answered from files of labels alone: agreement, labels, preference, a judge, and power.

Each module gives one document of `evalhub.schemas.analysis`, whoever asks. No Django.
"""
