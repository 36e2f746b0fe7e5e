"""Infographics (đồ họa thông tin): a few lines of text become a picture for the chat and for
articles.

Promises: 1,080 pixels wide, a PNG of at most 1 MB, every letter drawn by the font, text
wrapped and never cut off, a QR code that leads to the given link. The same spec gives the
same picture. ``spec`` (what is to be said), ``paper`` (measuring and drawing), ``layouts``
(where things stand), ``infographic`` (the one entrance). Imports ``bot.lettering`` and
nothing else of ours.
"""
