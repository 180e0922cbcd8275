"""Users, projects and roles; links that sign in; who has seen results."""
