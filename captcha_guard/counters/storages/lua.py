"""Runs Lua scripts on Redis and Valkey, by the digest of their source if the server knows it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any, Final

#: The first lines of a script. They set ``now`` to the server's time in seconds.
NOW: Final = "local clock = redis.call('TIME')\nlocal now = clock[1] + clock[2] / 1000000\n"


class Script:
    """A script. It takes one round trip, or two if the server doesn't know it yet."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._digest = hashlib.sha1(source.encode(), usedforsecurity=False).hexdigest()

    def run(self, client: Any, keys: Sequence[str], arguments: Sequence[object], unknown: type[Exception]) -> Any:
        """Run the script and return its result.

        The source is sent only to a server that doesn't know the script, such as after a start or a promotion. Other
        servers of its cluster may be down.

        :param unknown: the exception that the client raises for a digest that the server doesn't know.
        """
        try:
            return client.evalsha(self._digest, len(keys), *keys, *arguments)
        except unknown:
            return client.eval(self._source, len(keys), *keys, *arguments)

    def run_for_each(self, cluster: Any, keys: Sequence[str], unknown: type[Exception]) -> None:
        """Run the script once for each key: one round trip to each node, or two if one doesn't know the script."""
        try:
            self._send("EVALSHA", self._digest, cluster, keys)
        except unknown:
            self._send("EVAL", self._source, cluster, keys)

    def _send(self, command: str, script: str, cluster: Any, keys: Sequence[str]) -> None:
        with cluster.pipeline() as pipeline:
            for key in keys:  # without target_nodes Redis' client asks any node, perhaps one that is down, for the key
                pipeline.execute_command(command, script, 1, key, target_nodes=cluster.get_node_from_key(key))
            pipeline.execute()
