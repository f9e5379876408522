"""Processes that do parts of one piece of work at once, and send back what came of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext, SpawnContext
from typing import Any, TypeVar

Result = TypeVar("Result")


def shared_out(
    context: ForkServerContext | SpawnContext, work: Callable[..., Result], parts: Iterable[tuple[Any, ...]]
) -> list[Result]:
    """Do ``work(*part)`` for every part, each in a process of its own; return the results in the order of the parts.

    Raises ``EOFError`` when a process has ended without a result; the others, which may wait for it, are ended then.
    """
    pipes = []
    processes = []
    for part in parts:
        receiver, sender = context.Pipe(duplex=False)
        processes.append(context.Process(target=_send, args=(work, part, sender)))
        pipes.append((receiver, sender))
    for process in processes:
        process.start()
    for _, sender in pipes:
        sender.close()
    try:
        return [receiver.recv() for receiver, _ in pipes]
    except BaseException:
        for process in processes:
            process.terminate()
        raise
    finally:
        for process in processes:
            process.join()
            process.close()
        for receiver, _ in pipes:
            receiver.close()


def _send(work: Callable[..., object], part: tuple[Any, ...], results: Connection) -> None:
    results.send(work(*part))
    results.close()
