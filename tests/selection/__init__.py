"""Which heavy tests a change needs: those that used a file which changed since they last passed.

`.ci/full` runs everything, notes which files each heavy test module used and keeps the notes in
`record.json`. `.ci/run` asks `python -m tests.selection choose` what to run.
"""
