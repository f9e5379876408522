"""Lua scripts as Redis and Valkey run them: by the digest of their source, once a server has seen that."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any, Final

#: Seconds on the server's clock, as a script's first lines.
NOW: Final = "local clock = redis.call('TIME')\nlocal now = clock[1] + clock[2] / 1000000\n"


class Script:
    """A script, run in one round trip; in two by a server that does not know it yet."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._digest = hashlib.sha1(source.encode(), usedforsecurity=False).hexdigest()

    def run(self, client: Any, keys: Sequence[str], arguments: Sequence[object], unknown: type[Exception]) -> Any:
        """Return what the script returns.

        Only the server that does not know the script is told it, as after a start or a promotion: others of its cluster
        may be down.

        :param unknown: what the client raises for a digest that the server does not know.
        """
        try:
            return client.evalsha(self._digest, len(keys), *keys, *arguments)
        except unknown:
            return client.eval(self._source, len(keys), *keys, *arguments)

    def run_for_each(self, cluster: Any, keys: Sequence[str], unknown: type[Exception]) -> None:
        """Run the script for each key alone, on all nodes in one round trip each; in two where one does not know it."""
        try:
            self._send("EVALSHA", self._digest, cluster, keys)
        except unknown:
            self._send("EVAL", self._source, cluster, keys)

    def _send(self, command: str, script: str, cluster: Any, keys: Sequence[str]) -> None:
        with cluster.pipeline() as pipeline:
            for key in keys:  # Redis' client would ask some node, which may be down, where the key is in each command
                pipeline.execute_command(command, script, 1, key, target_nodes=cluster.get_node_from_key(key))
            pipeline.execute()
