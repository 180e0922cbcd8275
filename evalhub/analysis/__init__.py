"""Questions answered from files of labels alone: agreement, labels, preference, a judge, and power.

Each module gives one document of `evalhub.declare.analysis`, whoever asks. No Django.
"""
