"""The demo's officials: two at work from the start, one with a code to try."""

from __future__ import annotations

import re
from collections import Counter

from sqlmodel import select

from bot import demo
from bot.surveys import editing, results
from building.demo import seat_demo_officials, seed_demo_desk
from models import Feedback, Survey
from tests.chat import Town
from tests.conversation.test_submitting import WEDNESDAY, proofs
from tests.proofs.test_proof_stories import check


def test_the_cast_has_an_official_a_supervisor_and_somebody_to_join(town: Town) -> None:
    lines = seat_demo_officials(town.database, town.settings, town.simulator)
    lan, dung, sau = lines
    assert dung == "Anh Dũng, official of xa_can_duoc"
    assert sau == "Ông Sáu, supervisor of tay_ninh"
    code = lan.split("type ")[1].split()[0]
    assert "Chào mừng Chị Lan" in town.chat_of("chi-lan").says(code)[-1]
    assert "thẩm định, Tỉnh Tây Ninh" in town.chat_of("ong-sau").says("tôi là ai")[0]


def test_a_second_start_seats_nobody_twice_and_gives_a_fresh_code(town: Town) -> None:
    def start() -> list[str]:
        return seat_demo_officials(town.database, town.settings, town.simulator)

    first, second = start(), start()
    assert first[1:] == second[1:]
    assert first[0] != second[0]
    old, new = (lines[0].split("type ")[1].split()[0] for lines in (first, second))
    chat = town.chat_of("chi-lan")
    assert "không còn dùng được" in chat.says(old)[-1]
    assert "Chào mừng" in chat.says(new)[-1]
    assert start()[0] == "Chị Lan, official of xa_can_duoc"


def test_lan_proves_a_post_of_the_simulated_web_site(town: Town) -> None:
    lan = town.chat_of("chi-lan")
    lan.post_control("/clock", {"set": WEDNESDAY})
    code = seat_demo_officials(town.database, town.settings, town.simulator)[0]
    with town.database.writing() as session:
        line, *_ = demo.open_sites(session, town.settings)
    page = lan.http.get(line.partition(": ")[2], timeout=5).text
    links = re.findall(r"<code>(.*?)</code>", page)
    today, last_week, undated, off_topic = links[0], links[4], links[5], links[6]
    lan.says(code.split("type ")[1].split()[0])
    (which,) = lan.says(today)
    assert "của việc nào" in which
    lan.says("1")
    assert "✓ Số 1 đã được tính" in check(town, lan)[0]
    lan.says(f"2.2 tuần này {last_week} {undated} {off_topic}")
    (told,) = check(town, lan)
    assert "trước kỳ này" in told
    assert "trang không ghi rõ ngày đăng" in told
    assert "không thấy bài nói về chuyển đổi số" in told
    assert [one.state for one in proofs(town)] == [
        "accepted", "failed", "doubtful", "doubtful",
    ]  # fmt: skip


def test_the_demo_begins_with_reports_and_an_open_survey_made_once(town: Town) -> None:
    seat_demo_officials(town.database, town.settings, town.simulator)
    for _ in range(2):
        seed_demo_desk(town.database, town.settings, town.simulator)
    with town.database.reading() as session:
        reports = session.exec(select(Feedback)).all()
        surveys = session.exec(select(Survey)).all()
        found = results.results_of(session, surveys[0])
    states = Counter(one.state for one in reports)
    assert states == {"answered": 2, "closed": 1, "taken": 1, "received": 1}
    assert [
        editing.is_running(one, town.worker.conversations.clock.now())
        for one in surveys
    ] == [True]
    assert found.finished == 35
    assert not found.answered[0].is_hidden
    chat = town.chat_of("ba-tam")
    assert "Câu 1/6" in chat.says("khảo sát")[-1]
    chat.says("thôi")
    assert "PA1 (đã trả lời)" in chat.says("phản ánh của tôi")[-1]
