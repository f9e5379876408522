"""The desk: the pages on which the owner moderates comments and sees how the guard works."""
