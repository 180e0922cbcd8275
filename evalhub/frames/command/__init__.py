"""What all commands have in common: home and database, options, output, exit codes"""
