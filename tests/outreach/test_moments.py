"""Times as people type them: read, or asked back."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from bot.outreach.moments import Doubt, Moment, Unclear, read_moment
from bot.search.fold import fold

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
NOW = datetime(2026, 11, 25, 9, 15, tzinfo=ZONE)  # a Wednesday


@pytest.mark.parametrize(
    ("text", "at", "rest"),
    [
        ("nộp hồ sơ thứ 5", "2026-11-26 07:30", "nộp hồ sơ"),
        ("nộp hồ sơ vào thứ năm", "2026-11-26 07:30", "nộp hồ sơ"),
        ("8h sáng mai đi lấy kết quả", "2026-11-26 08:00", "đi lấy kết quả"),
        ("sáng mai 8h đi lấy kết quả", "2026-11-26 08:00", "đi lấy kết quả"),
        ("3 ngày nữa đóng tiền điện", "2026-11-28 07:30", "đóng tiền điện"),
        ("ba ngày nữa lúc 2 giờ chiều", "2026-11-28 14:00", ""),
        ("đi tiêm cho con ngày 5/12", "2026-12-05 07:30", "đi tiêm cho con"),
        ("ngày 5 tháng 12 lúc 14h30 họp ấp", "2026-12-05 14:30", "họp ấp"),
        ("5-12-2026 lúc 15:00 họp", "2026-12-05 15:00", "họp"),
        ("ngày 3 lấy giấy hẹn", "2026-12-03 07:30", "lấy giấy hẹn"),
        ("chiều nay 4h đón con", "2026-11-25 16:00", "đón con"),
        ("4h chiều nay đón con", "2026-11-25 16:00", "đón con"),
        ("tối nay uống thuốc", "2026-11-25 19:00", "uống thuốc"),
        ("7 giờ rưỡi tối nay họp", "2026-11-25 19:30", "họp"),
        ("9 giờ kém 15 sáng mai họp", "2026-11-26 08:45", "họp"),
        ("30 phút nữa tắt bếp", "2026-11-25 09:46", "tắt bếp"),
        ("2 tiếng nữa gọi xã", "2026-11-25 11:16", "gọi xã"),
        ("nửa tiếng nữa gọi xã", "2026-11-25 09:46", "gọi xã"),
        ("2 tiếng rưỡi nữa gọi xã", "2026-11-25 11:46", "gọi xã"),
        ("thứ hai tuần sau nộp thuế", "2026-11-30 07:30", "nộp thuế"),
        ("thứ 6 tuần này nộp thuế", "2026-11-27 07:30", "nộp thuế"),
        ("t6 nộp thuế", "2026-11-27 07:30", "nộp thuế"),
        ("chủ nhật đi lễ", "2026-11-29 07:30", "đi lễ"),
        ("sáng chủ nhật 6h sáng đi lễ", "2026-11-29 06:00", "đi lễ"),
        ("thứ tư nộp hồ sơ", "2026-12-02 07:30", "nộp hồ sơ"),  # today's is past
        ("10h thứ tư nộp hồ sơ", "2026-11-25 10:00", "nộp hồ sơ"),
        ("cuối tuần dọn nhà", "2026-11-28 07:30", "dọn nhà"),
        ("đầu tuần sau lên xã", "2026-11-30 07:30", "lên xã"),
        ("cuối tháng đóng tiền", "2026-11-30 07:30", "đóng tiền"),
        ("đầu tháng sau đóng tiền", "2026-12-01 07:30", "đóng tiền"),
        ("2 tuần nữa tái khám", "2026-12-09 07:30", "tái khám"),
        ("1 tháng nữa gia hạn", "2026-12-25 07:30", "gia hạn"),
        ("sau 3 ngày gọi lại", "2026-11-28 07:30", "gọi lại"),
        ("ngày kia lên xã", "2026-11-27 07:30", "lên xã"),
        ("ngày mốt lên xã", "2026-11-27 07:30", "lên xã"),
        ("8h lên xã", "2026-11-26 08:00", "lên xã"),  # 8 o'clock today is past
        ("10h lên xã", "2026-11-25 10:00", "lên xã"),
        ("12h trưa mai ăn cơm", "2026-11-26 12:00", "ăn cơm"),
        ("ngày 10/1 đóng bảo hiểm", "2027-01-10 07:30", "đóng bảo hiểm"),
        ("thứ 5 mua đồ ăn sáng", "2026-11-26 07:30", "mua đồ ăn sáng"),
        ("nộp 2 bản sao thứ 5", "2026-11-26 07:30", "nộp 2 bản sao"),
        ("mang 3 giấy tờ lên xã sáng mai", "2026-11-26 07:30", "mang 3 giấy tờ lên xã"),
    ],
)  # fmt: skip
def test_a_time_is_read_with_and_without_accents(text: str, at: str, rest: str) -> None:
    for typed in (text, fold(text), text.upper()):
        found = read_moment(typed, NOW)
        assert isinstance(found, Moment), (typed, found)
        assert f"{found.at:%Y-%m-%d %H:%M}" == at, typed
        assert fold(found.rest) == fold(rest), typed
    assert read_moment(text, NOW).rest == rest


@pytest.mark.parametrize(
    ("text", "doubt"),
    [
        ("nộp hồ sơ", Doubt.NO_TIME),
        ("tuần sau nộp hồ sơ", Doubt.NO_TIME),
        ("hôm nay nộp hồ sơ", Doubt.NO_TIME),  # the morning is over
        ("3h mai đón con", Doubt.HALF),
        ("thứ 5 lúc 5 giờ đón con", Doubt.HALF),
        ("ngày 20/11 nộp hồ sơ", Doubt.PAST),
        ("8h hôm nay lên xã", Doubt.PAST),
        ("ngày 5/12/2028 gia hạn", Doubt.TOO_FAR),
        ("ngày 31/2 gia hạn", Doubt.IMPOSSIBLE),
        ("ngày 5/13 gia hạn", Doubt.IMPOSSIBLE),
        ("mùng 5 tết chúc thọ", Doubt.LUNAR),
        ("rằm tháng giêng đi chùa", Doubt.LUNAR),
        ("mỗi thứ hai họp", Doubt.REPEATED),
        ("hằng ngày uống thuốc", Doubt.REPEATED),
    ],
)
def test_what_is_unclear_is_asked_back(text: str, doubt: Doubt) -> None:
    for typed in (text, fold(text)):
        found = read_moment(typed, NOW)
        assert isinstance(found, Unclear), (typed, found)
        assert found.doubt == doubt, typed


def test_an_hour_that_may_be_night_or_day_gives_both() -> None:
    found = read_moment("3h mai đón con", NOW)
    assert isinstance(found, Unclear)
    assert [f"{one:%d %H}" for one in found.choices] == ["26 03", "26 15"]
    assert found.rest == "đón con"
    # of today only the afternoon is left
    assert isinstance(read_moment("3h hôm nay đón con", NOW), Moment)


def test_at_midnight_and_on_the_last_day_of_the_year() -> None:
    night = datetime(2026, 12, 31, 23, 58, tzinfo=ZONE)
    found = read_moment("5 phút nữa chúc mừng", night)
    assert isinstance(found, Moment)
    assert f"{found.at:%Y-%m-%d %H:%M}" == "2027-01-01 00:04"
    found = read_moment("8h sáng mai", night)
    assert isinstance(found, Moment)
    assert f"{found.at:%Y-%m-%d %H:%M}" == "2027-01-01 08:00"
