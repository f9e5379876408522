"""Checks for settings that would silently weaken the guard. Each check has a stable code and a fix."""
