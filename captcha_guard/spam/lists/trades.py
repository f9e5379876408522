"""English names of trades as spammers sign with them, in the notation of :mod:`.phrasing`."""

from __future__ import annotations

from typing import Final

from .phrasing import PhraseBook

_TRADES: Final = """
    accounting airport_transfer apk app_development assignment attorney attorneys auto bail_bonds bankruptcy basement
    bathroom bookkeeping botox call_center car_rental carpet catering chiropractor cleaning concrete coursework
    delta_8 dental dentist detox digital_marketing dissertation divorce drywall dumpster essay fencing flooring furnace
    furniture garage_door guest_post gutter hair_transplant handyman hemp homework hosting hvac immigration implant
    injury iptv janitorial jersey jerseys jewellery jewelry junk_removal kitchen kratom landscaping laundry lawn_care
    lawyer lawyers lead_generation limo link_building locksmith logo_design massage mattress movers moving orthodontist
    packers painting paving payroll pest_control plumber plumbing pool rehab replica resume roof roofing septic
    social_media_marketing sofa software_development solar spa tax taxi thesis towing translation tree tyre upholstery
    vape visa web_design web_development website_design wedding weight_loss wig wigs window windows writing
"""
_OFFERS: Final = """
    agencies agency cleaners cleaning clinic companies company contractor contractors cost course courses coupon deals
    discount download expert experts firm help helper installation manufacturer manufacturers mod near_me online outlet
    packages price prices provider providers remodeling removal renovation rental rentals repair repairs replacement
    reviews service services shop solutions specialist specialists store subscription supplier suppliers training
    wholesale writer writers
"""
_TRADE: Final = "|".join(_TRADES.split())
_OFFER: Final = "|".join(_OFFERS.split())

#: A trade with what is done or sold, or after a word of praise.
TRADES: Final = PhraseBook({
    "a trade": (
        f"{_TRADE} . {_OFFER}",
        f"best|cheap|cheapest|affordable|top|professional|emergency|licensed|reliable|trusted|buy|hire . {_TRADE}",
    ),
})  # fmt: skip
