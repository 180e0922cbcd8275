"""What owning a model costs a month: lines, the sheet of them, the criterion. Pure."""
