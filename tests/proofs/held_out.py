"""The links that judge the program: written before it was tuned, with other templates and
other words than the tuning set. Change the program, never this file."""

from __future__ import annotations

import json
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
    SUNDAY,
    Case,
    Earlier,
)
from tests.proofs.disguises import PRIVATE_LINKS
from tests.proofs.site import Page, bomb, moved

TITLES = (
    "Tổ công nghệ số cộng đồng ấp {ap} giúp bà con nộp hồ sơ trực tuyến",
    "Xã phát động tuần lễ cài đặt định danh điện tử VNeID mức độ 2",
    "Tập huấn kỹ năng số cho hội viên phụ nữ ấp {ap}",
    "Đẩy mạnh thanh toán không dùng tiền mặt tại chợ ấp {ap}",
    "Hướng dẫn người cao tuổi sử dụng dịch vụ công trực tuyến toàn trình",
    "Đoàn thanh niên ra quân hỗ trợ chuyển đổi số tại ấp {ap}",
    "Cảnh giác lừa đảo trên không gian mạng dịp cuối năm",
    "Bình dân học vụ số: lớp học buổi tối ở ấp {ap}",
    "Cấp chữ ký số cá nhân miễn phí cho người dân ấp {ap}",
    "Hội nghị sơ kết công tác chuyển đổi số quý IV",
)
SENTENCES = (
    "Từ sáng sớm, nhiều bà con ấp {ap} đã có mặt tại nhà văn hóa để được hướng dẫn.",
    "Các thành viên tổ công nghệ số cộng đồng chia thành {so} nhóm, đến từng hộ.",
    "Anh {ten}, bí thư chi đoàn, cho biết việc khó nhất là giúp người lớn tuổi nhớ mật khẩu.",
    "Đến nay, ấp {ap} có {so} hộ đã biết tự nộp hồ sơ trên Cổng Dịch vụ công quốc gia.",
    "Cán bộ công an xã trực tiếp hướng dẫn kích hoạt tài khoản định danh điện tử.",
    "Chị {ten} kể rằng trước đây phải đi lại hai ba lần mới xong một thủ tục.",
    "Ủy ban nhân dân xã sẽ tiếp tục mở thêm {so} buổi hướng dẫn trong tháng tới.",
    "Nhiều tiểu thương đã dán mã QR để khách chuyển khoản thay vì trả tiền mặt.",
    "Bác {ten} vui vì lần đầu tự tra cứu được kết quả hồ sơ trên điện thoại.",
    "Theo kế hoạch, toàn xã phấn đấu {so} phần trăm hồ sơ được số hóa ngay khi tiếp nhận.",
    "Người dân được nhắc không cung cấp mã OTP cho bất kỳ ai qua điện thoại.",
    "Loa truyền thanh của ấp phát lại nội dung này vào buổi chiều các ngày trong tuần.",
    "Hội nông dân giới thiệu {so} sản phẩm của địa phương lên sàn thương mại điện tử.",
    "Trường tiểu học phối hợp tổ chức cuộc thi nhỏ về an toàn thông tin cho học sinh.",
    "Kinh phí thực hiện lấy từ nguồn xã hội hóa và đóng góp của {so} mạnh thường quân.",
    "Ông {ten}, trưởng ấp {ap}, đề nghị lắp thêm wifi miễn phí ở nhà văn hóa.",
    "Mỗi buổi có {so} người tham gia, phần lớn là bà con làm ruộng và buôn bán nhỏ.",
    "Lãnh đạo xã ghi nhận tinh thần tự học của bà con và biểu dương {so} gia đình.",
    "Các máy tính ở bộ phận một cửa được bố trí để người dân tự thao tác.",
    "Sau buổi hướng dẫn, mỗi người nhận một tờ gấp in các bước thực hiện.",
    "Nhóm của anh {ten} còn lập nhóm Zalo để trả lời thắc mắc ngoài giờ.",
    "Tuy còn bỡ ngỡ, ai nấy đều phấn khởi khi tự gửi được hồ sơ đầu tiên.",
    "Xã đặt mục tiêu không để ai bị bỏ lại phía sau trong xã hội số.",
    "Những trường hợp không có điện thoại thông minh được hỗ trợ tại nhà.",
)
OTHER_TITLES = (
    "Kết quả giải bóng chuyền mừng lúa mới ấp {ap}",
    "Ra quân nạo vét kênh mương nội đồng ấp {ap}",
    "Trao nhà tình thương cho hộ bà {ten}",
    "Tiêm phòng cho đàn gia súc đợt hai",
    "Hội thi nấu ăn chào mừng ngày Phụ nữ Việt Nam",
)
OTHER_SENTENCES = (
    "Trận chung kết diễn ra sôi nổi với sự cổ vũ của đông đảo khán giả ấp {ap}.",
    "Ban tổ chức trao cúp và cờ lưu niệm cho {so} đội xuất sắc nhất.",
    "Đoạn kênh dài {so} mét được dọn sạch lục bình sau một buổi sáng.",
    "Gia đình bà {ten} xúc động nhận chìa khóa căn nhà mới trị giá nhiều công sức.",
    "Cán bộ thú y đến từng chuồng trại, tiêm được {so} con trâu bò.",
    "Các đội thi trình bày món ăn truyền thống của vùng quê sông nước.",
    "Trời mưa nhỏ nhưng không khí vẫn vui tươi từ đầu đến cuối.",
    "Bà con góp {so} ngày công và nhiều cây giống trồng dọc bờ kênh.",
    "Năm nay mùa lúa được giá, ai cũng phấn khởi sắm sửa đón tết.",
    "Hội chữ thập đỏ tặng thêm {so} phần quà cho người neo đơn.",
)
HAMLETS = (
    "Trung",
    "Đông Nhứt",
    "Bình Hòa",
    "Long Ninh",
    "Mỹ Tây",
    "Phước Kế",
    "Nhà Thờ",
)
PEOPLE = (
    "Nguyễn Văn Tư",
    "Lê Thị Bảy",
    "Trần Hữu Nghĩa",
    "Phạm Thị Út",
    "Võ Minh Đăng",
)
DAYS = ("Hai", "Ba", "Tư", "Năm", "Sáu", "Bảy")


def weekday(day: date) -> str:
    return "Chủ nhật" if day.weekday() == 6 else f"Thứ {DAYS[day.weekday()]}"


def filled(rng: random.Random, text: str) -> str:
    return text.format(
        ap=rng.choice(HAMLETS), so=rng.randint(3, 97), ten=rng.choice(PEOPLE)
    )


def story(rng: random.Random, sentences: tuple[str, ...]) -> list[str]:
    chosen = rng.sample(sentences, min(9, len(sentences)))
    texts = [filled(rng, one) for one in chosen]
    return [" ".join(texts[at : at + 3]) for at in range(0, len(texts), 3)]


# --- five ways in which offices' sites are built ------------------------------------------

Template = Callable[[random.Random, str, list[str], date | None], str]


def nuke(rng: random.Random, title: str, body: list[str], day: date | None) -> str:
    when = (
        f"{weekday(day)} - {day:%d/%m/%Y} {rng.randint(7, 17):02}:{rng.randint(0, 59):02}"
        if day
        else ""
    )
    stamp = (
        f'<em class="pull-left"><i class="fa fa-clock-o"></i>&nbsp;{when}</em>'
        if day
        else ""
    )
    others = "".join(
        f"<li><a href='/tin/{n}'>{filled(rng, rng.choice(TITLES))}</a> <span>({MONDAY - timedelta(days=n):%d/%m/%Y})</span></li>"
        for n in range(3, 8)
    )
    return f"""<!DOCTYPE html><html lang="vi"><head><meta charset="utf-8"><title>{title} - UBND xã A</title></head>
<body><div id="header"><div class="hom-nay">Thứ Sáu, 20/11/2026</div><ul class="menu"><li><a href="/">Trang chủ</a></li>
<li><a href="/gioi-thieu">Giới thiệu</a></li><li><a href="/cds">Chuyển đổi số</a></li><li><a href="/vb">Văn bản</a></li></ul></div>
<div class="news_column"><div class="panel-body"><h1 class="title margin-bottom-lg">{title}</h1>
<div class="row margin-bottom-lg"><div class="col-md-12"><span class="h5">{stamp}</span></div></div>
<div id="news-bodyhtml" class="bodytext">{"".join(f"<p>{p}</p>" for p in body)}</div>
<p class="text-right"><strong>Tác giả: Ban biên tập</strong></p></div></div>
<div class="others"><h4>Những tin cũ hơn</h4><ul>{others}</ul></div>
<footer>Giấy phép số 18/GP-TTĐT cấp ngày 05/08/2019. © 2026</footer></body></html>"""


def portal(rng: random.Random, title: str, body: list[str], day: date | None) -> str:
    stamp = (
        f'<div class="articleInfo"><span class="ngay-dang">Ngày đăng: {day.day}/{day.month}/{day.year}</span>'
        f'<span class="luot-xem">Lượt xem: {rng.randint(10, 900)}</span></div>'
        if day
        else '<div class="articleInfo"><span class="luot-xem">Lượt xem: 120</span></div>'
    )
    return f"""<html><head><title>Chi tiết tin</title><meta property="og:title" content="{title}"/></head><body>
<table width="100%"><tr><td class="menu">Trang chủ | Tin tức | Chuyển đổi số | Công khai ngân sách 12/2025</td></tr>
<tr><td><div class="ArticleHeader">{title}</div>{stamp}
<div class="ArticleContent">{"".join(f'<div style="text-align:justify">{p}</div>' for p in body)}</div></td>
<td class="right"><b>Văn bản mới</b><br>Quyết định 12/QĐ-UBND ngày 02/10/2026<br>Kế hoạch 45/KH-UBND ngày 14/11/2026</td></tr></table>
<div class="footer">Trụ sở: ấp 1. Bản quyền 2026</div></body></html>"""


def press(rng: random.Random, title: str, body: list[str], day: date | None) -> str:
    data = {"@context": "https://schema.org", "@type": "NewsArticle", "headline": title}
    if day:
        data["datePublished"] = f"{day}T08:1{rng.randint(0, 9)}:00+07:00"
        data["dateModified"] = f"{day + timedelta(days=1)}T10:00:00+07:00"
    return f"""<!doctype html><html lang=vi><head><meta charset=utf-8><title>{title}</title>
<script type="application/ld+json">{json.dumps(data)}</script></head><body><nav><a>Trang chủ</a><a>Thời sự</a></nav>
<main><article><header><h1>{title}</h1></header>{"".join(f"<p>{p}</p>" for p in body)}</article></main>
<aside><h3>Xem nhiều</h3><p>Lịch tiếp công dân ngày 30/11/2026</p></aside></body></html>"""


def office(rng: random.Random, title: str, body: list[str], day: date | None) -> str:
    half = rng.choice(("SA", "CH"))
    stamp = (
        f'<span class="post-time">{day:%d/%m/%Y} {rng.randint(1, 11)}:{rng.randint(10, 59)}:00 {half}</span>'
        if day
        else ""
    )
    return f"""<html xmlns="http://www.w3.org/1999/xhtml"><head><title>{title}</title></head><body class="ms-backgroundImage">
<form id="aspnetForm"><div id="s4-workspace"><div class="news-detail"><h2 class="news-title">{title}</h2>{stamp}
<div class="news-content">{"".join(f"<p class='MsoNormal'>{p}</p>" for p in body)}</div></div></div>
<div class="thong-ke">Số lượt truy cập 1.234.567. Hôm nay: 12</div></form></body></html>"""


def paper(rng: random.Random, title: str, body: list[str], day: date | None) -> str:
    stamp = (
        f"<p class='meta'>{weekday(day)}, ngày {day.day} tháng {day.month} năm {day.year} | 0{rng.randint(7, 9)}:30 GMT+7</p>"
        if day
        else ""
    )
    return f"""<html><head><meta charset="utf-8"><title>{title} | Trang thông tin điện tử xã A</title></head><body>
<div class="top">Hôm nay: {weekday(date(2026, 11, 20))}, 20/11/2026</div><div class="wrap"><div class="cat">Chuyển đổi số</div>
<h1>{title}</h1>{stamp}<div class="sapo"><strong>{body[0]}</strong></div>
<div class="noi-dung">{"".join(f"<p>{p}</p>" for p in body[1:])}</div><div class="tags">Từ khóa: xã A</div></div></body></html>"""


TEMPLATES: tuple[Template, ...] = (nuke, portal, press, office, paper)


def article(
    rng: random.Random,
    day: date | None,
    template: Template | None = None,
    *,
    on_subject: bool = True,
) -> str:
    titles, sentences = (
        (TITLES, SENTENCES) if on_subject else (OTHER_TITLES, OTHER_SENTENCES)
    )
    title = filled(rng, rng.choice(titles))
    build = template or rng.choice(TEMPLATES)
    return build(rng, title, story(rng, sentences), day)


def in_week(rng: random.Random) -> date:
    """Up to the day on which it is sent."""
    return MONDAY + timedelta(days=rng.randint(0, 4))


# --- the links ----------------------------------------------------------------------------


def cases(seed: int = 47) -> Iterator[Case]:
    """One hundred and thirty links, private ones included."""
    rng = random.Random(seed)
    yield from _alive(rng)
    yield from _dated_elsewhere(rng)
    yield from _gone(rng)
    yield from _elsewhere(rng)
    yield from _unreadable(rng)
    yield from _used(rng)
    for number, link in enumerate(PRIVATE_LINKS[::2]):
        yield Case(f"private {number}", "private", FAILED, link)


def _own(path: str, page: Page | str) -> dict[tuple[str, str], Page]:
    return {(HOST, path): Page(page) if isinstance(page, str) else page}


def _alive(rng: random.Random) -> Iterator[Case]:
    for number in range(30):
        page = article(rng, in_week(rng), TEMPLATES[number % 5])
        path = f"/tin-tuc/bai-{number}.html"
        yield Case(f"alive {number}", "alive", OK, path, _own(path, page))
    for number in range(6):
        end = f"/bai-viet/{number}"
        pages = _own(end, article(rng, in_week(rng)))
        pages[(HOST, f"/r/{number}")] = moved(end, (301, 302, 307)[number % 3])
        yield Case(f"moved {number}", "redirected", OK, f"/r/{number}", pages)
    for number in range(4):
        page = article(rng, in_week(rng))
        pages = {(f"cds.{HOST}", f"/{number}"): Page(page)}
        yield Case(f"below {number}", "alive", OK, f"//cds.{HOST}/{number}", pages)


def _dated_elsewhere(rng: random.Random) -> Iterator[Case]:
    for number in range(15):
        day = MONDAY - timedelta(days=rng.choice((1, 2, 6, 8, 30, 200, 365)))
        path = f"/cu/{number}"
        page = article(rng, day, TEMPLATES[number % 5])
        yield Case(f"too early {number}", "wrong week", FAILED, path, _own(path, page))
    for number in range(10):
        path = f"/khong-ngay/{number}"
        page = article(rng, None, TEMPLATES[number % 5])
        yield Case(f"no date {number}", "no date", DOUBTFUL, path, _own(path, page))
    for number in range(3):
        path = f"/sau/{number}"
        page = article(rng, SUNDAY + timedelta(days=9 + number), TEMPLATES[number])
        yield Case(f"future {number}", "future", DOUBTFUL, path, _own(path, page))
    for number in range(8):
        path = f"/khac/{number}"
        page = article(rng, in_week(rng), TEMPLATES[number % 5], on_subject=False)
        yield Case(f"off {number}", "subject", DOUBTFUL, path, _own(path, page))


def _gone(rng: random.Random) -> Iterator[Case]:
    for number, status in enumerate((404, 404, 410)):
        path = f"/mat/{number}"
        page = Page("<h1>404</h1>", status=status)
        yield Case(f"dead {number}", "dead", FAILED, path, _own(path, page))
    words = (
        "Trang bạn yêu cầu không tồn tại hoặc đã bị xóa.",
        "Xin lỗi, không tìm thấy nội dung bạn cần.",
        "Bài viết không tồn tại. Vui lòng quay về trang chủ.",
        "404 - Page not found",
    )
    for number, text in enumerate(words):
        path = f"/mem/{number}"
        text = f"<html><head><title>Thông báo</title></head><body><div class=menu>Trang chủ Tin tức Chuyển đổi số</div><h1>{text}</h1></body></html>"
        yield Case(f"soft dead {number}", "dead", FAILED, path, _own(path, text))
    yield Case("no host 1", "dead", FAILED, "http://khong-co-trang-nay.gov.vn/tin/1")
    yield Case("no host 2", "dead", FAILED, "http://www.xaa-can-duoc.vn/bai.html")
    for number in range(3):
        path = f"/ve-nha/{number}"
        pages = _own(path, moved("/", 302))
        home = "<html><title>UBND xã A</title><body><h2>Tin mới</h2>" + "".join(
            f"<p><a href='/t/{n}'>{filled(rng, rng.choice(TITLES))}</a></p>"
            for n in range(6)
        )
        pages[(HOST, "/")] = Page(home)
        yield Case(f"to the front {number}", "dead", FAILED, path, pages)


def _elsewhere(rng: random.Random) -> Iterator[Case]:
    for number in range(8):
        host = STRANGER if number % 2 else OTHER_HOST
        pages = {(host, f"/{number}"): Page(article(rng, in_week(rng)))}
        yield Case(
            f"foreign {number}", "wrong site", FAILED, f"//{host}/{number}", pages
        )
    for number in range(3):
        pages = _own(f"/di/{number}", moved(f"//{STRANGER}:{{port}}/den/{number}"))
        pages[(STRANGER, f"/den/{number}")] = Page(article(rng, in_week(rng)))
        yield Case(f"led away {number}", "wrong site", FAILED, f"/di/{number}", pages)
    for number, host in enumerate((f"{HOST}.evil.test", f"x{HOST}", "xa-a.vn.test")):
        pages = {(host, "/1"): Page(article(rng, in_week(rng)))}
        yield Case(f"look-alike {number}", "wrong site", FAILED, f"//{host}/1", pages)


def _unreadable(rng: random.Random) -> Iterator[Case]:
    good = article(rng, in_week(rng))
    pages = {
        "slow": Page(good, stall=60),
        "drip": Page(good, drip=0.3),
        "huge": Page(b"<p>" + b"a" * 3_100_000),
        "bomb": bomb(50),
        "error": Page(good, status=500),
        "away": Page(good, status=503),
        "forbidden": Page("<h1>Forbidden</h1>", status=403),
        "file": Page(b"%PDF-1.7", content_type="application/pdf"),
        "script": Page(
            '<!doctype html><html><head><title>Cổng thông tin</title><script src="/main.js"></script></head>'
            '<body><div id="root"></div><noscript>You need to enable JavaScript to run this app.</noscript></body></html>'
        ),
        "script 2": Page(
            "<html><head><title></title></head><body><app-root></app-root>"
            '<script src="runtime.js"></script><script src="main.js"></script></body></html>'
        ),
        "login": Page(
            "<html><title>Đăng nhập</title><body><form><h2>Đăng nhập hệ thống</h2><label>Tên đăng nhập</label>"
            '<input name=u><label>Mật khẩu</label><input type="password"><button>Đăng nhập</button></form></body></html>'
        ),
    }
    for name, page in pages.items():
        path = f"/{name.replace(' ', '-')}"
        yield Case(name, "unreadable", DOUBTFUL, path, _own(path, page))


def _used(rng: random.Random) -> Iterator[Case]:
    disguises = (
        "/tin/{n}?utm_source=zalo",
        "/tin/{n}/",
        "/tin/{n}#top",
        "/TIN/{n}",
        "/tin/{n}?fbclid=IwAR123",
        "//www.{h}/tin/{n}",
        "//m.{h}/tin/{n}",
        "/tin//{n}",
        "/tin/%3{n}",
        "/x/../tin/{n}",
        "/tin/{n}?share=facebook&ref=fb",
        "/rut-gon/{n}",
    )
    for number, disguise in enumerate(disguises):
        digit = number % 10
        day = in_week(rng)
        page = Page(article(rng, day))
        path = f"/tin/{digit}"
        pages = {(host, path): page for host in (HOST, f"www.{HOST}", f"m.{HOST}")}
        sent = disguise.format(n=digit, h=HOST)
        local = sent.removeprefix(f"//www.{HOST}").removeprefix(f"//m.{HOST}")
        for host in (HOST, f"www.{HOST}", f"m.{HOST}"):
            pages[(host, local.split("#")[0])] = page
        if "rut-gon" in sent:
            pages[(HOST, sent)] = moved(path, 302)
        yield Case(
            f"used {number}", "re-used", FAILED, sent, pages, [Earlier(HOST, path)]
        )
    for number in range(6):
        text = article(rng, in_week(rng), TEMPLATES[number % 5])
        again = text.replace("bà con", "người dân", 2).replace("Ban biên tập", "BBT")
        unit = OTHER_UNIT if number % 2 else None
        host = OTHER_HOST if unit else HOST
        pages = _own(f"/lai/{number}", again) | {(host, f"/goc/{number}"): Page(text)}
        earlier = Earlier(host, f"/goc/{number}", **({"unit": unit} if unit else {}))
        yield Case(
            f"same text {number}",
            "re-used text",
            DOUBTFUL,
            f"/lai/{number}",
            pages,
            [earlier],
        )
    for number in range(4):
        pages = _own(f"/chung/{number}", article(rng, in_week(rng)))
        earlier = Earlier(HOST, f"/chung/{number}", duty=OTHER_DUTY)
        yield Case(
            f"other duty {number}",
            "other duty",
            DOUBTFUL,
            f"/chung/{number}",
            pages,
            [earlier],
        )
