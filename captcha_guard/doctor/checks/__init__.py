"""The checks, one per file. ``CHECKS`` is the registry.

The first digit of a code is its group: 1 secret, 2 store, 3 proxy, 4 pages, 5 pictures and sounds.
"""

from __future__ import annotations

from typing import Final

from ..diagnosis import Check
from .bundled_fonts import BundledFonts
from .bundled_sounds import BundledSounds
from .classica_routes import ClassicaRoutes
from .classica_site import ClassicaSite
from .clock import Clock
from .csrf import Csrf
from .memory_workers import MemoryWorkers
from .missing_body import MissingBody
from .network_file import NetworkFile
from .page import VisitorsPage
from .proxy import Proxy
from .secret_shared import SecretShared
from .store_evicts import StoreEvicts
from .store_failover import StoreFailover
from .store_reach import StoreReach

#: Every check, in the order of the codes.
CHECKS: Final[tuple[Check, ...]] = (
    SecretShared(),
    MemoryWorkers(), StoreReach(), StoreEvicts(), NetworkFile(), Clock(), StoreFailover(),
    Proxy(),
    Csrf(), MissingBody(), VisitorsPage(),
    BundledFonts(), ClassicaSite(), ClassicaRoutes(), BundledSounds(),
)  # fmt: skip
