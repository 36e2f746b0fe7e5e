"""Fetching what people point to: pages of offices, feeds, media that Zalo keeps.

Promises, whatever the other side does:

* only http and https on their own ports, only public addresses, at every hop of a redirect
  (at most 5). The address that was judged is the one that is connected to, so a name that
  changes its mind between the two (DNS rebinding) gains nothing;
* 15 seconds in all, however slowly it drips, and 3 MB at most after unpacking; only the
  kinds of content that were asked for;
* ``robots.txt`` is honoured and one host is visited at most every 2 seconds (in each
  process; redirects within a host belong to one visit); no cookies, no passwords, no proxy;
* an answer or a typed refusal, never an exception.

Looking a name up is the system's part and has its own limit (``resolv.conf``).

``addresses`` (what may be fetched), ``manners`` (robots, pace), ``line`` (one guarded
connection), ``fetcher`` (redirects, limits). The only place of the library beside the Zalo
client that speaks HTTP outward.
"""

from bot.duties.fetching.answers import Fetched, Refusal, Refused
from bot.duties.fetching.fetcher import (
    FEEDS,
    MEDIA_BYTES,
    PAGES,
    PAUSE_SECONDS,
    PICTURES,
    Fetcher,
)

__all__ = [
    "FEEDS",
    "MEDIA_BYTES",
    "PAGES",
    "PAUSE_SECONDS",
    "PICTURES",
    "Fetched",
    "Fetcher",
    "Refusal",
    "Refused",
]
