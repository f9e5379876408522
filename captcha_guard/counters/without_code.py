"""The limits of comments that are sent to the moderator without a code: for one client, and for the whole site."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from .policy import Policy

#: The name of the policy, and of the finding about such a comment.
NO_CODE: Final = "no_code"

#: How many a client may send. Its networks may send more, as with all limits.
PER_CLIENT: Final = Policy.parse(NO_CODE, "3 per day")

#: How many all clients together may send. A moderator has to read each of them.
FOR_SITE: Final = replace(Policy.parse("no_code_site", "30 per day"), networks=False)
