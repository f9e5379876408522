"""Whether a site is set up so that the guard can do its work: checks with stable codes, each with its fix."""
