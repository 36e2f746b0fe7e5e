"""Labelled links to tune with; ``held_out.py`` judges. Labels: see ``cases.py``."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import date, timedelta

from tests.proofs.cases import (
    DOUBTFUL,
    FAILED,
    HOST,
    MONDAY,
    OK,
    OTHER_DUTY,
    OTHER_HOST,
    OTHER_UNIT,
    STRANGER,
    Case,
    Earlier,
)
from tests.proofs.disguises import PRIVATE_LINKS
from tests.proofs.site import Page, bomb, moved

TITLES = (
    "UBND xã triển khai kế hoạch chuyển đổi số năm 2026",
    "Ngày hội chuyển đổi số: hàng trăm lượt người tham gia",
    "Công an xã hướng dẫn tích hợp giấy tờ vào VNeID",
    "Ra mắt mô hình chợ không dùng tiền mặt",
    "Tuyên truyền phòng chống lừa đảo trực tuyến",
    "Nâng cao tỷ lệ hồ sơ trực tuyến của xã",
)
FACTS = (
    "Chủ tịch UBND xã chủ trì hội nghị, đại diện các ngành và {n} ấp cùng dự.",
    "Xã có {n} tổ công nghệ số cộng đồng với đủ thành viên nòng cốt.",
    "Tỷ lệ hồ sơ nộp qua mạng đạt {n} phần trăm, tăng so với tháng trước.",
    "Các đại biểu thảo luận về hạ tầng viễn thông và điểm lõm sóng.",
    "Bộ phận một cửa bố trí cán bộ trực hướng dẫn từ {n} giờ mỗi ngày.",
    "Người dân có thể đến nhà văn hóa ấp để được hỗ trợ miễn phí.",
    "Đoàn xã cử {n} đoàn viên phụ trách từng khu dân cư.",
    "Hộ kinh doanh được hướng dẫn lập hóa đơn từ máy tính tiền.",
    "Trạm y tế lập sổ sức khỏe điện tử cho {n} người cao tuổi.",
    "Phụ huynh được nhắc cài ứng dụng liên lạc của nhà trường.",
    "Báo cáo viên nêu {n} thủ đoạn lừa đảo thường gặp trên mạng.",
    "Mọi thắc mắc xin gọi đường dây nóng của tổ công tác.",
    "Các ấp đăng ký chỉ tiêu thi đua và cam kết hoàn thành sớm.",
    "Hội cựu chiến binh giới thiệu kinh nghiệm vận động hội viên.",
    "Kết quả sẽ được công khai trên trang thông tin điện tử của xã.",
    "Dịp này {n} tập thể được khen thưởng.",
    "Xã sẽ phủ sóng wifi tại {n} điểm công cộng trong thời gian tới.",
    "Buổi ra quân kết thúc trong không khí phấn khởi.",
)
OFF_TITLES = (
    "Đại hội thể dục thể thao xã",
    "Thăm hỏi gia đình chính sách",
    "Làm đường bê tông ấp 3",
)
OFF_FACTS = (
    "Lễ khai mạc có {n} đoàn vận động viên diễu hành.",
    "Đoàn đến thắp hương nghĩa trang liệt sĩ và tặng {n} phần quà.",
    "Tuyến đường dài {n} trăm mét do dân hiến đất.",
    "Các trận đấu diễn ra sôi nổi suốt hai ngày.",
    "Bà con vui mừng vì mùa mưa không còn lầy lội.",
    "Ban tổ chức cảm ơn các nhà tài trợ.",
    "Thời tiết thuận lợi nên công việc xong trước hạn.",
)  # fmt: skip

Template = Callable[[str, list[str], date | None], str]


def wordpress(title: str, body: list[str], day: date | None) -> str:
    meta = (
        f'<meta property="article:published_time" content="{day}T01:30:00+00:00"/><meta property="article:modified_time" content="{day + timedelta(days=3)}T01:30:00+00:00"/>'
        if day
        else ""
    )
    return f"""<!DOCTYPE html><html lang="vi"><head><meta charset="UTF-8"><title>{title} &#8211; Xã A</title>{meta}
<link rel="canonical" href="/"></head><body><header class="site-header"><a>Xã A</a></header>
<main id="main"><article class="post"><header class="entry-header"><h1 class="entry-title">{title}</h1></header>
<div class="entry-content">{"".join(f"<p>{p}</p>" for p in body)}</div></article></main>
<aside class="sidebar"><h2>Bài viết mới</h2><ul><li>Thông báo lịch nghỉ lễ 02/09/2026</li></ul></aside></body></html>"""


def vnpt(title: str, body: list[str], day: date | None) -> str:
    stamp = (
        f'<span class="ArticleDate">{("thứ Hai", "thứ Ba", "thứ Tư", "thứ Năm", "thứ Sáu", "thứ Bảy", "Chủ nhật")[day.weekday()]}, {day:%d/%m/%Y} | 08:30 GMT+7</span>'
        if day
        else ""
    )
    return f"""<html><head><title>Trang thông tin điện tử xã A</title></head><body><div class="banner">Hôm nay, 20/11/2026</div>
<div class="left-menu"><a>Chuyển đổi số</a><a>Cải cách hành chính</a></div>
<div class="detail"><h1 class="ArticleTitle">{title}</h1>{stamp}<div class="ArticleBody">{"".join(f"<p>{p}</p>" for p in body)}</div>
<div class="tin-lien-quan"><b>Tin liên quan</b><a>Kế hoạch tuyên truyền (01/10/2026)</a></div></div>
<div class="footer">Giấy phép số 5/GP-STTTT ngày 12/04/2021</div></body></html>"""


def liferay(title: str, body: list[str], day: date | None) -> str:
    stamp = (
        f'<div class="date-pub"><i class="icon-calendar"></i> {day:%d-%m-%Y %H:%M}</div>'
        if day
        else ""
    )
    return f"""<html><head><title>{title} - Cổng thông tin điện tử</title></head><body><div id="wrapper">{stamp}
<h2 class="title-detail">{title}</h2><div class="sapo">{body[0]}</div>{"".join(f"<p>{p}</p>" for p in body[1:])}</div>
<p>© 2026 UBND xã A</p></body></html>"""


def plain(title: str, body: list[str], day: date | None) -> str:
    stamp = f"<p>Đăng lúc: 07:45 - {day.day}/{day.month}/{day.year}</p>" if day else ""
    return f"""<html><body><center><b>ỦY BAN NHÂN DÂN XÃ A</b></center><h3>{title}</h3>{stamp}
{"<br><br>".join(body)}<hr>Mọi chi tiết liên hệ văn phòng.</body></html>"""


TEMPLATES: tuple[Template, ...] = (wordpress, vnpt, liferay, plain)


def story(rng: random.Random, facts: tuple[str, ...]) -> list[str]:
    said = [
        one.format(n=rng.randint(2, 98))
        for one in rng.sample(facts, min(8, len(facts)))
    ]
    return [" ".join(said[at : at + 2]) for at in range(0, len(said), 2)]


def article(
    rng: random.Random, day: date | None, number: int, *, is_off: bool = False
) -> str:
    title = rng.choice(OFF_TITLES if is_off else TITLES)
    return TEMPLATES[number % 4](title, story(rng, OFF_FACTS if is_off else FACTS), day)


def cases(seed: int = 1) -> Iterator[Case]:
    rng = random.Random(seed)

    def own(path: str, page: Page | str) -> dict[tuple[str, str], Page]:
        return {(HOST, path): Page(page) if isinstance(page, str) else page}

    def soon() -> date:
        return MONDAY + timedelta(days=rng.randint(0, 4))

    for number in range(24):
        path = f"/bai/{number}"
        yield Case(
            f"alive {number}",
            "alive",
            OK,
            path,
            own(path, article(rng, soon(), number)),
        )
    for number in range(4):
        pages = own(f"/moi/{number}", article(rng, soon(), number))
        pages[(HOST, f"/cu/{number}")] = moved(f"/moi/{number}", 302)
        yield Case(f"moved {number}", "redirected", OK, f"/cu/{number}", pages)
    for number in range(12):
        path, day = f"/truoc/{number}", MONDAY - timedelta(days=1 + 3 * number)
        yield Case(
            f"early {number}",
            "wrong week",
            FAILED,
            path,
            own(path, article(rng, day, number)),
        )
    for number in range(4):
        path = f"/nam-ngoai/{number}"
        yield Case(
            f"last year {number}",
            "wrong week",
            FAILED,
            path,
            own(path, article(rng, date(2025, 11, 18), number)),
        )
    for number in range(8):
        path = f"/khong/{number}"
        yield Case(
            f"undated {number}",
            "no date",
            DOUBTFUL,
            path,
            own(path, article(rng, None, number)),
        )
    for number in range(6):
        path = f"/ngoai/{number}"
        yield Case(
            f"off {number}",
            "subject",
            DOUBTFUL,
            path,
            own(path, article(rng, soon(), number, is_off=True)),
        )
    for number in range(4):
        host = (OTHER_HOST, STRANGER)[number % 2]
        pages = {(host, f"/{number}"): Page(article(rng, soon(), number))}
        yield Case(
            f"foreign {number}", "wrong site", FAILED, f"//{host}/{number}", pages
        )
    yield Case("404", "dead", FAILED, "/khong-co")
    yield Case("410", "dead", FAILED, "/410", own("/410", Page(status=410)))
    yield Case("loop", "dead", FAILED, "/loop", own("/loop", moved("/loop")))
    for number, text in enumerate(
        ("Không tìm thấy trang", "Đường dẫn không tồn tại", "Bài viết đã bị xóa")
    ):
        path = f"/bao-loi/{number}"
        said = f"<html><title>Cổng thông tin</title><body><a>Chuyển đổi số</a><p>{text}</p></body></html>"
        yield Case(f"soft {number}", "dead", FAILED, path, own(path, said))
    quoted = article(rng, soon(), 1).replace(
        "Dịp này", "Có người gặp thông báo “không tìm thấy trang”. Dịp này"
    )
    yield Case("quotes an error", "alive", OK, "/trich", own("/trich", quoted))
    good = article(rng, soon(), 0)
    for name, page in {
        "slow": Page(good, stall=60),
        "huge": Page(b"<p>" * 1_200_000),
        "bomb": bomb(30),
        "502": Page(status=502),
        "401": Page(status=401),
        "picture": Page(b"\x89PNG", content_type="image/png"),
        "vue": Page(
            '<html><title>App</title><body><div id="app"></div><script src=a.js></script></body></html>'
        ),
        "hang": Page(hang_up=True),
    }.items():
        yield Case(name, "unreadable", DOUBTFUL, f"/{name}", own(f"/{name}", page))
    robots = own(
        "/robots.txt", Page("User-agent: *\nDisallow: /", content_type="text/plain")
    )
    yield Case("robots", "unreadable", DOUBTFUL, "/tin", robots | own("/tin", good))
    for number, tail in enumerate(
        ("?utm_campaign=x", "/", "#a", "?zarsrc=31&fbclid=1", "?mibextid=Zx")
    ):
        page = Page(article(rng, soon(), number))
        pages = {
            (HOST, f"/x/{number}"): page,
            (HOST, f"/x/{number}{tail}".split("#")[0]): page,
        }
        yield Case(
            f"used {number}",
            "re-used",
            FAILED,
            f"/x/{number}{tail}",
            pages,
            [Earlier(HOST, f"/x/{number}")],
        )
    for number in range(4):
        text = article(rng, soon(), number)
        pages = own(f"/sao/{number}", text.replace("xã có", "xã hiện có")) | {
            (OTHER_HOST, "/goc"): Page(text)
        }
        yield Case(
            f"text {number}",
            "re-used text",
            DOUBTFUL,
            f"/sao/{number}",
            pages,
            [Earlier(OTHER_HOST, "/goc", unit=OTHER_UNIT)],
        )
    for number in range(6):
        # two reports of one office: a few common phrases, no common body
        shuffled = rng.sample(FACTS, len(FACTS))
        first, second = (
            TEMPLATES[number % 4](TITLES[number], story(rng, facts), soon())
            for facts in (tuple(shuffled[:10]), tuple(shuffled[8:]))
        )
        pages = own(f"/rieng/{number}", second) | {(HOST, "/truoc"): Page(first)}
        yield Case(
            f"another text {number}",
            "alive",
            OK,
            f"/rieng/{number}",
            pages,
            [Earlier(HOST, "/truoc")],
        )
    pages = own("/chung", article(rng, soon(), 2))
    yield Case(
        "other duty",
        "other duty",
        DOUBTFUL,
        "/chung",
        pages,
        [Earlier(HOST, "/chung", duty=OTHER_DUTY)],
    )
    for number, link in enumerate(PRIVATE_LINKS[1::2]):
        yield Case(f"private {number}", "private", FAILED, link)
