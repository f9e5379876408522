"""Runs parts of one task in several processes at the same time, and collects their results."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterable
from multiprocessing.connection import Connection
from multiprocessing.context import BaseContext, ForkServerContext
from typing import Any, TypeVar

Result = TypeVar("Result")

#: What processes of ``fresh_processes`` needn't import again, which takes a second each.
IMPORTED = ["pytest", "captcha_guard", "captcha_guard.database.alchemy", "demo_blog", "demo_blog.desk"]


def fresh_processes() -> ForkServerContext:
    """Return a context whose processes have nothing of this one's state, like spawned ones, but start sooner."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(IMPORTED)
    return context


def in_processes(context: BaseContext, work: Callable[..., Result], parts: Iterable[tuple[Any, ...]]) -> list[Result]:
    """Run ``work(*part)`` for every part, each in its own process. Returns the results in the order of the parts.

    Raises ``EOFError`` if a process has ended without a result. The other processes, which may wait for it, are then
    terminated.
    """
    pipes = []
    processes = []
    for part in parts:
        receiver, sender = context.Pipe(duplex=False)
        processes.append(context.Process(target=_send, args=(work, part, sender)))  # type: ignore[attr-defined]
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
