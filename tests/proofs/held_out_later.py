"""More links that judge the program, written later and as blindly as ``held_out``: sites as
other systems build them, more disguises, more ways inside. Change the program, never this
file."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import date, timedelta

from tests.proofs.cases import FAILED, HOST, MONDAY, OK, PRIVATE, Case, Earlier
from tests.proofs.held_out import SENTENCES, TITLES, filled, in_week, story
from tests.proofs.site import Page, moved

Template = Callable[[str, list[str], date], str]

# Tails and spellings under which the same page is sent again.
SAME_PAGE = (
    "/tin-{n}?utm_medium=oa&utm_content=bai-{n}",
    "/tin-{n}?gclid=Cj0KCQiA",
    "/tin-{n}?zarsrc=30&utm_source=zalo&utm_medium=zalo&utm_campaign=zalo",
    "/tin-{n}?mibextid=wwXIfr&fbclid=IwZXh0bgNhZW0",
    "/tin-{n}?",
    "/./tin-{n}",
    "/muc/../tin-{n}",
    "/%74in-{n}",
    "//xa-a.test/tin-{n}",
    "//WWW.XA-A.TEST/tin-{n}",
    "/tin-{n}#:~:text=chuyển%20đổi%20số",
    "/di-toi/{n}",
)

# Not one of these may ever be read.
INSIDE = (
    "http://127.000.000.001/",
    "http://127.255.255.254/",
    "http://0x7f.0x0.0x0.0x1/",
    "http://0177.0.0x0.1/",
    "http://169.254.169.254./latest/",
    "http://169.254.1.1/",
    "http://[::ffff:169.254.169.254]/",
    "http://[0:0:0:0:0:0:0:1]/",
    "http://[::ffff:c0a8:0101]/",
    "http://[64:ff9b::c0a8:101]/",
    "http://[fe80::1%25eth0]/",
    "http://[ff02::1]/",
    "http://10.255.255.255/",
    "http://172.31.255.255/",
    "http://192.168.0.1:8080/",
    "http://100.127.255.254/",
    "http://203.0.113.5/",
    "http://192.0.2.10/",
    "http://198.51.100.7/",
    "http://240.0.0.1/",
    "http://metadata/computeMetadata/v1/",
    "http://host.docker.internal:2375/",
    "http://kubernetes.default.svc/",
    "http://printer.home.arpa/",
    "http://nas.internal/",
    "http://dichvucong.gov.vn@192.168.1.1/",
)

# Where a page of the commune's own site sends the reader.
LED_INSIDE = (
    "http://10.0.0.1/",
    "http://169.254.169.254/latest/meta-data/",
    "http://[fd00::1]/",
    "http://192.168.1.1:80/",
    "http://0x0a000001/",
    "http://172.16.0.9/",
)


def wordpress(title: str, body: list[str], day: date) -> str:
    return f"""<!DOCTYPE html><html lang="vi"><head><meta charset="UTF-8"><title>{title} &#8211; Xã A</title>
<meta property="og:type" content="article"><meta property="article:published_time" content="{day}T01:15:00+00:00">
</head><body class="single-post"><header><nav>Trang chủ Giới thiệu Tin tức Chuyển đổi số</nav></header>
<article class="post"><h1 class="entry-title">{title}</h1><div class="entry-meta"><time class="entry-date published" datetime="{day}T08:15:00+07:00">{day.day} Tháng {day.month}, {day.year}</time> bởi admin</div>
<div class="entry-content">{_paragraphs(body)}</div></article><aside><h2>Bài viết mới</h2><ul><li>Thông báo nghỉ lễ 2/9/2025</li></ul></aside></body></html>"""


def joomla(title: str, body: list[str], day: date) -> str:
    return f"""<html xml:lang="vi-vn"><head><title>{title}</title></head><body><div class="moduletable">Hôm nay 20-11-2026</div>
<div class="item-page"><h2 itemprop="headline">{title}</h2><dl class="article-info"><dt>Chi tiết</dt>
<dd class="published"><time datetime="{day}T09:00:00+07:00" itemprop="datePublished">Được đăng: {day.day} Tháng {day.month} {day.year}</time></dd><dd>Lượt xem: 31</dd></dl>
<div itemprop="articleBody">{_paragraphs(body)}</div></div></body></html>"""


def drupal(title: str, body: list[str], day: date) -> str:
    return f"""<html dir="ltr" lang="vi"><head><title>{title} | UBND xã A</title><meta name="Generator" content="Drupal 7"></head><body>
<div class="region-content"><h1 class="page-title">{title}</h1><span property="dc:date dc:created" content="{day}T07:30:00+07:00">Đăng ngày {day:%d/%m/%Y} - 07:30</span>
<div class="field-name-body">{_paragraphs(body)}</div></div><div class="block">Văn bản số 77/UBND ban hành 03/03/2024</div></body></html>"""


def portal(title: str, body: list[str], day: date) -> str:
    return f"""<html><head><title>Cổng thông tin điện tử xã A</title></head><body><div id="menu">Trang nhất | Tin hoạt động | Liên hệ</div>
<div class="detail"><p class="td">{title}</p><p class="cn">Cập nhật lúc: 14h30, ngày {day:%d-%m-%Y}</p><div class="nd">{_paragraphs(body)}</div>
<p class="nguon">Nguồn: Văn hóa - Xã hội</p></div><div id="foot">Chịu trách nhiệm: Chủ tịch UBND xã. Thiết kế 2023</div></body></html>"""


TEMPLATES: tuple[Template, ...] = (wordpress, joomla, drupal, portal)


def cases(seed: int = 2029) -> Iterator[Case]:
    """Another seventy links, half of them into private networks."""
    rng = random.Random(seed)
    yield from _alive(rng)
    yield from _used(rng)
    for number, link in enumerate(INSIDE):
        yield Case(f"inside {number}", PRIVATE, FAILED, link)
    for number, target in enumerate(LED_INSIDE):
        pages = {
            (HOST, f"/chuyen/{number}"): moved(target, (301, 302, 307)[number % 3])
        }
        name = f"led inside {number}"
        yield Case(name, "led inside", FAILED, f"/chuyen/{number}", pages)


def _alive(rng: random.Random) -> Iterator[Case]:
    for number in range(16):
        page = _article(rng, in_week(rng), number)
        path = f"/bai-viet-{number}"
        yield Case(f"built {number}", "alive", OK, path, {(HOST, path): page})
    for number in range(8):
        page = _article(rng, MONDAY - timedelta(days=1 + 5 * number), number)
        path = f"/bai-cu-{number}"
        yield Case(
            f"built early {number}", "wrong week", FAILED, path, {(HOST, path): page}
        )


def _used(rng: random.Random) -> Iterator[Case]:
    for number, disguise in enumerate(SAME_PAGE):
        path, page = f"/tin-{number}", _article(rng, in_week(rng), number)
        sent = disguise.format(n=number)
        asked = sent.partition("#")[0]
        if asked.startswith("//"):
            asked = "/" + asked[2:].partition("/")[2]
        hosts = (HOST, f"www.{HOST}", f"WWW.{HOST}".upper())
        pages = {(host, one): page for host in hosts for one in (path, asked)}
        if "di-toi" in sent:
            pages[(HOST, sent)] = moved(path, 302)
        name = f"used again {number}"
        yield Case(name, "re-used", FAILED, sent, pages, [Earlier(HOST, path)])


def _article(rng: random.Random, day: date, number: int) -> Page:
    title = filled(rng, rng.choice(TITLES))
    build = TEMPLATES[number % len(TEMPLATES)]
    return Page(build(title, story(rng, SENTENCES), day))


def _paragraphs(body: list[str]) -> str:
    return "".join(f"<p>{one}</p>" for one in body)
