"""The study builder: a study file made on a page, from files, endpoints and ticks."""
