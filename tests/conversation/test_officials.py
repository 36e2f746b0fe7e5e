"""Stories of officials: invited, in, asking about their unit, inviting others, out."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest
from sqlmodel import col, select

from bot.people import audit, joining
from models import AdminUnit, Contact, Invitation, Membership, Official, Role, UnitLevel
from tests.chat import Chat, Town

CAN_DUOC, TAN_LAN, PROVINCE = "xa_can_duoc", "xa_tan_lan", "tay_ninh"
CODE = re.compile(r"^[A-Z2-9]{4}-[A-Z2-9]{4}$", re.MULTILINE)


@dataclass
class Office:
    """Invites people from the command line's side, and looks into the database."""

    town: Town

    def code(
        self, unit: str = CAN_DUOC, role: Role = Role.OFFICIAL, name: str = ""
    ) -> str:
        now = self.town.worker.conversations.clock.now()
        with self.town.database.writing() as session:
            person = joining.enrol(session, name, now) if name else None
            return joining.invite(
                session, unit, role, audit.OPERATOR, now,
                official_id=person.id if person else None,
            )  # fmt: skip

    def phone_of(self, person: str, *served: tuple[str, Role], name: str = "") -> Chat:
        """The phone of somebody greeted, and in with these units and roles."""
        chat = self.town.chat_of(person)
        chat.says("chào")
        for unit, role in served:
            (welcome,) = chat.says(self.code(unit, role, name))
            assert "Chào mừng" in welcome
        return chat

    def roles(self) -> set[tuple[str, str, str]]:
        """(name, unit, role) of every membership that has not ended."""
        with self.town.database.reading() as session:
            rows = session.execute(
                select(
                    col(Official.name), col(Membership.unit_code), col(Membership.role)
                )
                .join(Membership, col(Membership.official_id) == col(Official.id))
                .where(col(Membership.until_on).is_(None))
            )
            return {(name, unit, role) for name, unit, role in rows}


@pytest.fixture
def office(town: Town) -> Office:
    return Office(town)


@pytest.fixture
def leader(office: Office) -> Chat:
    return office.phone_of("anh-dung", (CAN_DUOC, Role.LEADER), name="Trần Văn Dũng")


def code_in(text: str) -> str:
    found = CODE.search(text)
    assert found is not None, text
    return found.group()


# --- joining ------------------------------------------------------------------------------------


def test_a_new_clerk_types_the_code_and_is_told_what_to_do(
    office: Office, town: Town
) -> None:
    chat = town.chat_of("chi-lan")
    hello, welcome = chat.says(office.code(name="Nguyễn Thị Lan").lower())
    assert "KHÔNG ĐỒNG Ý" in hello
    assert "Chào mừng Nguyễn Thị Lan" in welcome
    assert "cán bộ của Xã Cần Đước" in welcome
    assert "NỘP" in welcome
    assert "DUYỆT" not in welcome
    assert len(welcome) <= 600
    assert office.roles() == {("Nguyễn Thị Lan", CAN_DUOC, "official")}


def test_the_whole_forwarded_invitation_works_too(office: Office, town: Town) -> None:
    chat = town.chat_of("chi-lan")
    forwarded = (
        "Mời Nguyễn Thị Lan vào Xã Cần Đước (cán bộ) trên Zalo.\n"
        'Mở trang "UBND xã Cần Đước", nhắn mã mời này cho trang trước hết ngày '
        f"08/12/2026:\n\n{office.code()}"
    )
    assert "Chào mừng" in chat.says(forwarded)[-1]


def test_a_wrong_code_is_answered_kindly_and_five_are_enough(
    office: Office, town: Town
) -> None:
    chat = office.phone_of("chi-lan")
    code = office.code()
    answers = [chat.says("CFHJ-2222")[0] for _ in range(5)]
    assert all("mã này chưa đúng" in answer for answer in answers)
    assert "còn 2 lần" in answers[2]
    assert "sau một giờ" in chat.says(code)[0]
    assert "1.001193" in chat.says("đăng ký khai sinh")[0]
    chat.post_control("/clock", {"move_seconds": 3601})
    assert "Chào mừng" in chat.says(code)[0]


def test_a_used_and_an_expired_code_say_what_to_do(office: Office) -> None:
    code, late = office.code(), office.code()
    lan, hoa = office.phone_of("chi-lan"), office.phone_of("chi-hoa")
    lan.says(code)
    assert "đã có người dùng" in hoa.says(code)[0]
    assert "không cần mã nữa" in lan.says(code)[0]
    hoa.post_control("/clock", {"move_seconds": 14 * 24 * 3600 + 60})
    assert "đã hết hạn" in hoa.says(late)[0]


def test_the_code_is_heard_while_a_person_has_taken_over(office: Office) -> None:
    chat = office.phone_of("chi-lan")
    chat.does("admin_say", {"text": "Chị nhắn mã em gửi vào đây nhé"})
    assert "Chào mừng" in chat.says(office.code())[0]


def test_an_official_is_known_on_another_account(office: Office, town: Town) -> None:
    office.phone_of("chi-lan", (CAN_DUOC, Role.OFFICIAL), name="Nguyễn Thị Lan")
    elsewhere = town.chat_of("chi-lan", town.business)
    elsewhere.follows()
    assert "Nguyễn Thị Lan" in elsewhere.says("tôi là ai")[0]


def test_officials_are_still_citizens_and_find_their_own_menu(leader: Chat) -> None:
    assert "1.001193" in leader.says("đăng ký khai sinh")[0]
    assert "đồng" in leader.says("lệ phí")[0] or "Lệ phí" in leader.says("2")[0]
    (menu,) = leader.says("menu")
    assert "6. Việc của cán bộ" in menu
    assert "MỜI: mời thêm cán bộ" in leader.says("6")[0]


def test_a_citizen_sees_nothing_of_it(office: Office) -> None:
    chat = office.phone_of("ba-tam")
    assert "Việc của cán bộ" not in chat.says("menu")[0]
    for word in ("mời", "xóa cán bộ", "danh sách cán bộ", "rời đơn vị"):
        assert "dành cho cán bộ đã vào bằng mã mời" in chat.says(word)[0]
    assert "bà con" in chat.says("tôi là ai")[0]


def test_what_is_kept_of_officials_is_said_to_officials(
    leader: Chat, office: Office
) -> None:
    assert "số điện thoại nếu lãnh đạo đã nhập" in leader.says("riêng tư")[0]
    citizen = office.phone_of("ba-tam")
    assert "lãnh đạo đã nhập" not in citizen.says("riêng tư")[0]


# --- himself -----------------------------------------------------------------------------------------


def test_who_am_i_names_units_and_roles(office: Office) -> None:
    chat = office.phone_of(
        "chi-lan",
        (CAN_DUOC, Role.OFFICIAL),
        (TAN_LAN, Role.LEADER),
        name="Nguyễn Thị Lan",
    )
    (answer,) = chat.says("toi la ai")
    assert answer.startswith("Nguyễn Thị Lan")
    assert "• cán bộ, Xã Cần Đước" in answer
    assert "• lãnh đạo đơn vị, Xã Tân Lân" in answer
    assert "Điện thoại: chưa có" in answer


def test_who_has_no_name_yet_tells_it(office: Office) -> None:
    chat = office.phone_of("chi-lan", (CAN_DUOC, Role.OFFICIAL))
    assert "chỉ họ tên" in chat.says("tôi tên là 12345")[0]
    assert "Lê Thị Lan" in chat.says("Tôi tên là Lê Thị Lan ạ.".replace(" ạ", ""))[0]
    assert chat.says("tôi là ai")[0].startswith("Lê Thị Lan")


# --- inviting ------------------------------------------------------------------------------------------


def test_a_leader_invites_in_four_messages_and_the_code_works(
    leader: Chat, office: Office, town: Town
) -> None:
    (role,) = leader.says("mời")
    assert "Mời vào Xã Cần Đước" in role
    assert "1. cán bộ\n2. lãnh đạo đơn vị" in role
    assert "thẩm định" not in role
    (name,) = leader.says("1")
    assert "Họ tên" in name
    hint, invitation = leader.says("Nguyễn Thị Lan")
    assert "chuyển nguyên tin" in hint
    assert "UBND xã Cần Đước" in invitation
    assert ("Nguyễn Thị Lan", CAN_DUOC, "official") in office.roles()
    assert "Nguyễn Thị Lan: cán bộ (chưa vào)" in leader.says("danh sách cán bộ")[0]
    lan = town.chat_of("chi-lan")
    assert "Chào mừng Nguyễn Thị Lan" in lan.says(invitation)[-1]
    listed = leader.says("danh sách cán bộ")[0]
    assert "1. Trần Văn Dũng: lãnh đạo đơn vị\n2. Nguyễn Thị Lan: cán bộ\n" in listed


def test_a_question_in_the_middle_is_told_what_is_expected(leader: Chat) -> None:
    leader.says("mời")
    assert "em chưa rõ" in leader.says("đăng ký khai sinh cần gì")[0]
    leader.says("cán bộ")
    assert "đang chờ họ tên" in leader.says("lệ phí khai sinh là 5000?")[0]
    (told,) = leader.says("đăng ký khai sinh")
    assert '"đăng ký khai sinh" là tên người được mời ạ?' in told
    assert "THÔI" in told
    assert "đã dừng" in leader.says("thôi")[0]
    assert "1.001193" in leader.says("đăng ký khai sinh")[0]


def test_a_name_that_reads_like_a_question_is_asked_back_and_taken(
    leader: Chat, office: Office
) -> None:
    leader.says("mời")
    leader.says("1")
    (told,) = leader.says("cao thị khai tử")
    assert "là tên người được mời ạ?" in told
    assert CODE.search(leader.says("1")[-1])
    assert ("cao thị khai tử", CAN_DUOC, "official") in office.roles()


def test_without_a_name_the_code_works_as_well(leader: Chat, town: Town) -> None:
    leader.says("mời")
    leader.says("1")
    _, invitation = leader.says("1")
    welcome = town.chat_of("chi-lan").says(code_in(invitation))[-1]
    assert "tôi tên là" in welcome


def test_the_same_person_again_gets_a_new_code_and_the_old_one_ends(
    leader: Chat, office: Office, town: Town
) -> None:
    codes = []
    for answers in (("1", "Nguyễn Thị Lan"), ("2", "nguyen thi lan", "1")):
        leader.says("mời")
        for answer in answers:
            said = leader.says(answer)
        codes.append(code_in(said[-1]))
    lan = office.phone_of("chi-lan")
    assert "không còn dùng được" in lan.says(codes[0])[0]
    assert "lãnh đạo đơn vị của" in lan.says(codes[1])[0]
    assert {r for r in office.roles() if r[0] == "Nguyễn Thị Lan"} == {
        ("Nguyễn Thị Lan", CAN_DUOC, "leader")
    }


def test_two_people_of_one_name_stay_two(leader: Chat, office: Office) -> None:
    for answers in (("1", "Nguyễn Thị Lan"), ("1", "Nguyễn Thị Lan", "trùng tên")):
        leader.says("mời")
        for answer in answers:
            said = leader.says(answer)
        if "Đơn vị đã có" in said[0]:
            said = leader.says("2")
        assert CODE.search(said[-1])
    (listed,) = leader.says("danh sách cán bộ")
    assert listed.count("Nguyễn Thị Lan") == 2


def test_a_supervisor_chooses_among_all_units_below(office: Office) -> None:
    chat = office.phone_of("ong-sau", (PROVINCE, Role.SUPERVISOR))
    (which,) = chat.says("mời")
    assert "Xã Long Cang" in which
    (role,) = chat.says("tan lan")
    assert "Mời vào Xã Tân Lân" in role
    assert "3. người theo dõi, thẩm định" in role
    assert "quản trị" not in role


def test_of_too_many_units_a_part_of_the_name_is_asked(
    office: Office, town: Town
) -> None:
    with town.database.writing() as session:
        for number in range(20):
            session.add(
                AdminUnit(
                    code=f"xa_{number}", name=f"Xã Mới {number:02}", kind="xã",
                    level=UnitLevel.COMMUNE, parent_code=PROVINCE,
                )
            )  # fmt: skip
    chat = office.phone_of("ong-sau", (PROVINCE, Role.SUPERVISOR))
    (which,) = chat.says("mời")
    assert "Có 27 mục, anh/chị gõ một phần tên" in which
    (fewer,) = chat.says("moi 1")
    assert "10. Xã Mới 19" in fewer
    assert "Mời vào Xã Mới 12" in chat.says("3")[0]


def test_an_official_may_not_invite(office: Office) -> None:
    chat = office.phone_of("chi-lan", (CAN_DUOC, Role.OFFICIAL))
    assert "chỉ lãnh đạo đơn vị" in chat.says("mời")[0]


def test_who_lost_the_role_in_the_middle_makes_no_code(
    leader: Chat, office: Office, town: Town
) -> None:
    leader.says("mời")
    leader.says("1")
    leader.says(office.code(CAN_DUOC, Role.OFFICIAL))  # he is made a plain official
    leader.says("Nguyễn Thị Lan")
    with town.database.reading() as session:
        codes = session.scalars(
            select(Invitation).where(col(Invitation.created_by) != audit.OPERATOR)
        ).all()
    assert codes == []


# --- leaving ---------------------------------------------------------------------------------------------


def test_leaving_asks_back_and_ends_it(office: Office) -> None:
    chat = office.phone_of("chi-lan", (CAN_DUOC, Role.OFFICIAL))
    (sure,) = chat.says("rời đơn vị")
    assert "Anh/chị rời Xã Cần Đước?" in sure
    assert "vẫn ở đơn vị như cũ" in chat.says("2")[0]
    chat.says("roi don vi")
    assert "Anh/chị rời Xã Cần Đước?" in chat.says("ủa gì vậy")[0]
    assert "đã rời Xã Cần Đước" in chat.says("1")[0]
    assert "bà con" in chat.says("tôi là ai")[0]
    assert office.roles() == set()


def test_of_several_units_one_is_left(office: Office) -> None:
    chat = office.phone_of(
        "chi-lan", (CAN_DUOC, Role.OFFICIAL), (TAN_LAN, Role.OFFICIAL)
    )
    chat.says("rời đơn vị")
    chat.says("can duoc")
    chat.says("1")
    assert office.roles() == {("", TAN_LAN, "official")}


def test_the_only_administrator_is_warned(office: Office) -> None:
    chat = office.phone_of("ong-sau", (PROVINCE, Role.ADMINISTRATOR))
    assert "quản trị duy nhất" in chat.says("rời đơn vị")[0]
    office.phone_of("anh-dung", (PROVINCE, Role.ADMINISTRATOR))
    chat.says("2")
    assert "quản trị duy nhất" not in chat.says("rời đơn vị")[0]


def test_a_leader_removes_somebody_and_can_invite_again(
    leader: Chat, office: Office
) -> None:
    lan = office.phone_of("chi-lan", (CAN_DUOC, Role.OFFICIAL), name="Nguyễn Thị Lan")
    (whom,) = leader.says("xóa cán bộ")
    assert "1. Nguyễn Thị Lan (cán bộ)" in whom
    assert "Trần Văn Dũng" not in whom
    assert "Xóa Nguyễn Thị Lan (cán bộ) khỏi Xã Cần Đước?" in leader.says("lan")[0]
    assert "chưa có gì thay đổi" in leader.says("2")[0]
    leader.says("xoa can bo")
    leader.says("1")
    assert "đã xóa Nguyễn Thị Lan" in leader.says("1")[0]
    assert "bà con" in lan.says("tôi là ai")[0]
    leader.says("mời")
    leader.says("1")
    code = code_in(leader.says("Nguyễn Thị Lan")[-1])
    assert "Chào mừng Nguyễn Thị Lan" in lan.says(code)[0]


def test_who_never_came_is_forgotten_when_removed(leader: Chat, town: Town) -> None:
    leader.says("mời")
    leader.says("1")
    code = code_in(leader.says("Nguyễn Thị Lan")[-1])
    leader.says("xóa cán bộ")
    leader.says("1")
    leader.says("1")
    with town.database.reading() as session:
        names = session.scalars(select(col(Official.name))).all()
    assert names == ["Trần Văn Dũng"]
    assert "không còn dùng được" in town.chat_of("chi-lan").says(code)[-1]


def test_there_is_nobody_to_remove_in_an_empty_unit(leader: Chat) -> None:
    assert "không có ai khác" in leader.says("xóa cán bộ")[0]


def test_leaving_ends_it_on_every_account(office: Office, town: Town) -> None:
    chat = office.phone_of("chi-lan", (CAN_DUOC, Role.OFFICIAL))
    elsewhere = town.chat_of("chi-lan", town.business)
    elsewhere.follows()
    chat.says("rời đơn vị")
    chat.says("1")
    assert "bà con" in elsewhere.says("tôi là ai")[0]
    with town.database.reading() as session:
        contacts = session.scalars(select(Contact)).all()
    assert len([one for one in contacts if one.user_id_by_app]) == len(contacts)
