"""Running a study: from one declarative file to decisions."""
