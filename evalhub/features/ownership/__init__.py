"""What owning a model costs a month: the cost sheet of a study, as command, REST and page."""
