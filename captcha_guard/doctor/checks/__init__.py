"""One file a check. ``CHECKS`` is the registry; codes are grouped: 1 secret, 2 store, 3 proxy, 4 pages, 5 pictures."""

from __future__ import annotations

from typing import Final

from ..diagnosis import Check
from .bundled_fonts import BundledFonts
from .clock import Clock
from .content_policy import ContentPolicy
from .csrf import Csrf
from .memory_workers import MemoryWorkers
from .missing_body import MissingBody
from .network_file import NetworkFile
from .page_cache import PageCache
from .picture import Picture
from .proxy import Proxy
from .secret_shared import SecretShared
from .secret_strength import SecretStrength
from .static_files import StaticFiles
from .store_evicts import StoreEvicts
from .store_failover import StoreFailover
from .store_reach import StoreReach

#: Every check, in the order of the codes.
CHECKS: Final[tuple[Check, ...]] = (
    SecretShared(), SecretStrength(),
    MemoryWorkers(), StoreReach(), StoreEvicts(), NetworkFile(), Clock(), StoreFailover(),
    Proxy(),
    StaticFiles(), Picture(), ContentPolicy(), PageCache(), Csrf(), MissingBody(),
    BundledFonts(),
)  # fmt: skip
