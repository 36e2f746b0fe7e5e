"""The code of an invitation: how it looks, how it is read from what people type.

Eight letters and digits, "CFHJ-2345". No vowels, D or W: Vietnamese keyboards (Telex, VNI)
turn those into other letters. Of two that look alike one is left out (0 O, 1 I, 5 S, 8 B,
2 Z, 6 G); who types S for 5 is understood. Only the digest is stored: 5·10^10 codes
against five wrong tries an hour for two weeks.
"""

from __future__ import annotations

import re
import secrets
from hashlib import sha256

from bot.search.fold import fold

LETTERS = "CFHJKLMNPQRTVX"
DIGITS = "23456789"
_HALF = 4
_MEANT = str.maketrans("SBZG", "5826")
_GROUP = f"[{LETTERS}{DIGITS}SBZG]{{{_HALF}}}"
_CODE = re.compile(rf"\b({_GROUP})[\s-]*({_GROUP})\b")
# With a dash and a digit it was meant as a code, though no code has 0, O, 1 or I.
_SPOILED = re.compile(
    rf"[{LETTERS}{DIGITS}SBZG0O1I]{{4}}-[{LETTERS}{DIGITS}SBZG0O1I]{{4}}"
)
_WORDS = "MA MOI"
_BEFORE = re.compile(rf"^(?:{_WORDS}|MA)\b(?: CUA TOI)?(?: LA)?[\s:]*")
_DASHES = re.compile("[\u2010-\u2015\u2212_.]")  # what keyboards make of "-"


def new_code() -> str:
    """A fresh code as it is shown: "CFHJ-2345"."""
    while True:
        code = "".join(secrets.choice(LETTERS + DIGITS) for _ in range(2 * _HALF))
        if _is_mixed(code):
            return f"{code[:_HALF]}-{code[_HALF:]}"


def digest(code: str) -> str:
    """What is stored of a code, however it is written."""
    return sha256(code.replace("-", "").encode()).hexdigest()


def find_code(text: str) -> str | None:
    """The code in a message that is nothing else, or that speaks of an invitation code.

    Upper or lower case, with or without dash and blanks. A code with a typing mistake is
    given too: it will be a wrong one, and that is what to say.
    """
    plain = _DASHES.sub("-", fold(text)).upper().strip()
    bare = _BEFORE.sub("", plain).rstrip(" .!")
    if (whole := _CODE.fullmatch(bare)) and (code := _read(whole)):
        return code
    if _WORDS in plain:
        codes = filter(None, map(_read, _CODE.finditer(plain)))
        if (code := next(codes, None)) is not None:
            return code
    return bare if _SPOILED.fullmatch(bare) and _is_mixed(bare) else None


def _read(found: re.Match[str]) -> str | None:
    if not _is_mixed(found.group()):
        return None  # a word, a year, a telephone number
    return "-".join(found.groups()).translate(_MEANT)


def _is_mixed(code: str) -> bool:
    return bool(re.search("[0-9]", code) and re.search("[A-Z]", code))
