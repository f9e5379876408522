"""Gunicorn's configuration in tests: it imports what every worker needs, so that a worker needn't, for a second each.

Each worker still makes an application of its own.
"""

import tests.crowd.blog  # noqa: F401
