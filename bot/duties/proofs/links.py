"""Links: the one spelling under which a page is known again.

``canonical`` is for comparing, never for fetching: it forgets what sites ignore (scheme,
www., mobile and AMP variants, tracking, fragments, case, spelling of the escapes, order of
the parameters) and keeps what tells two pages apart. Parameters whose name we do not know
are kept: better a re-used link in a new disguise in front of a supervisor than two posts of
a clerk taken for one.
"""

from __future__ import annotations

import re
from urllib.parse import (
    SplitResult,
    parse_qs,
    parse_qsl,
    quote,
    unquote,
    urlencode,
    urljoin,
    urlsplit,
)

from bot.duties.fetching.addresses import PORTS, BadLinkError, is_within, plain_host

# Parameters that say where a reader came from or how he looks at it, never what he reads.
_TRACKING = re.compile(
    r"utm_\w*|mtm_\w*|pk_\w*|hsa_\w*|mc_[ce]id|_g[al]|_hs\w+|[a-z]{1,3}clid|gbraid|wbraid|"
    r"igsh(?:id)?|si|spm|zarsrc|zalo\w*|ref|ref_?src|referr?er|source|src|share\w*|from|"
    r"feature|fb_\w+|__\w+|mibextid|sfnsn|rdid|_rdr|paipv|eav|notif_\w+|"
    r"amp|amp_\w*|outputtype|m|mobile|view_?mode|print|printable|preview|fontsize|"
    r"nocache|ts?|time|timestamp|rand(?:om)?|_"
)
_VARIANT_HOST = re.compile(r"(?:(?:www\d?|m|mobile|amp|wap|touch|mbasic|web)\.)+")
_INDEX = re.compile(r"/(?:index|default|home)\.(?:html?|php|aspx?|jsp)$")
_AMP_PATH = re.compile(r"^/amp(?=/)|/amp/?$|\.amp(?=\.html?$|$)")
_SESSION = re.compile(r";(?:jsessionid|sid)=[^/?#]*", re.IGNORECASE)
_SLASHES = re.compile(r"/{2,}")
_FACEBOOK_POST = re.compile(
    r"/(?:posts|videos|photos|permalink|reel|watch)/(?:[^/]+/)*?(pfbid\w+|\d+)", re.I
)
_YOUTUBE_PATH = re.compile(r"/(?:shorts|live|embed|v)/([\w-]{6,})")
# Sites whose addresses hold ids in which capitals matter.
_CASE_MATTERS = (
    *("youtube.com", "youtu.be", "facebook.com", "tiktok.com"),
    *("zalo.me", "zaloapp.com", "google.com", "bit.ly"),
)
# Doors to another page: host, path, the parameter that names it.
_DOORS = (
    ("facebook.com", "/l.php", "u"),
    ("l.facebook.com", "/l.php", "u"),
    ("lm.facebook.com", "/l.php", "u"),
    ("google.com", "/url", "q"),
    ("google.com", "/url", "url"),
    ("google.com.vn", "/url", "url"),
    ("youtube.com", "/redirect", "q"),
)
_AMP_CACHE = re.compile(r"(?:/amp)?/(?:c/|v/)?s/(?P<secure>[^/]+\..+)")
_MAX_DOORS = 3


def canonical(url: str) -> str:
    """The spelling for comparing; ``BadLinkError`` for what is no web link."""
    parts = _split(through_doors(url))
    host = _host_key(parts)
    path = _path_key(parts.path, host)
    query = parts.query
    if host == "facebook.com":
        path, query = _facebook(path, query)
    if host in ("youtube.com", "youtu.be"):
        host, path, query = "youtube.com", *_youtube(host, path, query)
    kept = _query_key(query, host)
    fragment = parts.fragment if parts.fragment.startswith(("!", "/")) else ""
    return (
        f"https://{host}{_port(parts)}{path}"
        + (f"?{kept}" if kept else "")
        + (f"#{fragment}" if fragment else "")
    )


def host_of(url: str) -> str:
    """The plain host of a link; ``BadLinkError`` for what is no web link."""
    return plain_host(_split(url).hostname or "")


def is_same_site(one: str, other: str) -> bool:
    """Both links are of one host, whichever variant (www., m.) it is."""
    return _host_key(_split(one)) == _host_key(_split(other))


def declared_by_page(end: str, declared: str) -> str | None:
    """What a page calls its own address (``rel=canonical``), if that can be believed.

    Only of the same host, and never the front page: many a site's template declares that
    for all its articles.
    """
    try:
        target = urljoin(end, declared.strip())
        if not is_same_site(end, target):
            return None
        found = canonical(target)
    except ValueError:
        return None
    parts = urlsplit(found)
    return found if parts.path != "/" or parts.query or parts.fragment else None


def through_doors(url: str) -> str:
    """The page itself where a link leads through a known door (l.facebook.com, AMP)."""
    for _ in range(_MAX_DOORS):
        parts = _split(url)
        target = _behind(parts, plain_host(parts.hostname or ""))
        if target is None:
            return url
        url = target
    return url


def _behind(parts: SplitResult, host: str) -> str | None:
    host = host.removeprefix("www.")
    if host.endswith(".cdn.ampproject.org") or host in ("google.com", "google.com.vn"):
        found = _AMP_CACHE.fullmatch(parts.path)
        if found and (
            host.endswith("ampproject.org") or parts.path.startswith("/amp/")
        ):
            query = f"?{parts.query}" if parts.query else ""
            return f"https://{found['secure']}{query}"
    for door, path, name in _DOORS:
        if host == door and parts.path == path:
            targets = parse_qs(parts.query).get(name, [])
            if targets and targets[0].startswith(("http://", "https://")):
                return targets[0]
    return None


def _split(url: str) -> SplitResult:
    """The parts of a web link, which people also type without "https://"."""
    url = url.strip()
    if "://" not in url[:12] and not url.lower().startswith(("javascript:", "data:")):
        url = f"https://{url.removeprefix('//')}"
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises when it is no number
    except ValueError as error:
        raise BadLinkError(str(error)) from error
    if parts.scheme.lower() not in PORTS or not parts.hostname:
        raise BadLinkError("not a web link")
    return parts


def _host_key(parts: SplitResult) -> str:
    host = plain_host(parts.hostname or "")
    bare = _VARIANT_HOST.sub("", host, count=1) if _VARIANT_HOST.match(host) else host
    # "m.vn" is somebody's name, not a variant of "vn"
    host = bare if "." in bare else host
    return "facebook.com" if host in ("fb.com", "fb.me") else host


def _port(parts: SplitResult) -> str:
    return "" if parts.port in (None, *PORTS.values()) else f":{parts.port}"


def _path_key(path: str, host: str) -> str:
    path = _SESSION.sub("", path)
    path = quote(unquote(path), safe="/-._~!$&'()*+,;=:@")
    path = _SLASHES.sub("/", _without_dots(path) or "/")
    path = _AMP_PATH.sub("", path) or "/"
    if not is_within(host, _CASE_MATTERS):
        path = path.lower()
        path = _INDEX.sub("/", path)
    return path.rstrip("/") or "/"


def _without_dots(path: str) -> str:
    kept: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            kept = kept[:1] + kept[1:-1]  # the first one stands for the root
        elif segment != ".":
            kept.append(segment)
    return "/".join(kept)


def _query_key(query: str, host: str) -> str:
    pairs = parse_qsl(query, keep_blank_values=False)
    if not is_within(host, _CASE_MATTERS):
        pairs = [(name.lower(), value.lower()) for name, value in pairs]
    kept = {
        (name, value.strip())
        for name, value in pairs
        if not _TRACKING.fullmatch(name.lower())
    }
    return urlencode(sorted(kept))


def _facebook(path: str, query: str) -> tuple[str, str]:
    """Every address of one post has its number; the rest is decoration."""
    values = parse_qs(query)
    for name in ("story_fbid", "fbid", "v"):
        if values.get(name):
            return f"/posts/{values[name][0]}", ""
    if found := _FACEBOOK_POST.search(path):
        return f"/posts/{found[1]}", ""
    return path, query


def _youtube(host: str, path: str, query: str) -> tuple[str, str]:
    if host == "youtu.be" and path != "/":
        return "/watch", urlencode({"v": path.strip("/").split("/")[0]})
    if found := _YOUTUBE_PATH.match(path):
        return "/watch", urlencode({"v": found[1]})
    values = parse_qs(query)
    if path == "/watch" and values.get("v"):
        return "/watch", urlencode({"v": values["v"][0]})
    return path, query
