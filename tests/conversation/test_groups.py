"""Stories of groups that the account is in: proofs of officials count, talk does not."""

from __future__ import annotations

from datetime import datetime, time, timedelta

import pytest
from sqlmodel import col, select

from bot.channel import groups, outbox
from bot.outreach.campaigns.audience import Audience, matches
from bot.people import audit, joining
from models import (
    AccountGroup,
    AuditEntry,
    Channel,
    Contact,
    EventStatus,
    Lane,
    MessageKind,
    Role,
    UnitChannel,
    WebhookEvent,
)
from scheduler.digests import has_digest, send_digests
from tests.chat import Chat, Town
from tests.conversation.test_officials import CAN_DUOC
from tests.conversation.test_submitting import (
    OA,
    RADIO,
    WEB_LINK,
    ZALO_LINK,
    placed,
    proofs,
)
from tests.jobs import workshop_of

TALK = "Chiều nay họp lúc 14 giờ nhé mọi người"


class Group:
    """A group of the government account with these people in it."""

    def __init__(self, chat: Chat, *people: str) -> None:
        self.chat = chat
        body = {"oa_id": chat.oa_id, "name": "Tổ chuyển đổi số", "people": list(people)}
        self.id = chat.post_control("/groups", body)["group_id"]

    def says(self, person: str, **content: object) -> list[str]:
        """Somebody speaks in the group; what reached the person's own chat."""
        before = len(self.chat.bubbles())
        path = f"/chats/{self.chat.oa_id}/{self.id}/say"
        self.chat.post_control(path, {"person": person, **content})
        self.chat.drain()
        new = self.chat.bubbles()[before:]
        return [bubble["text"] for bubble in new if bubble["from"] == "oa"]


@pytest.fixture
def group(lan: Chat) -> Group:
    return Group(lan, "chi-lan", "ba-tam")


def talk_of(town: Town) -> list[WebhookEvent]:
    with town.database.reading() as session:
        return list(
            session.scalars(
                select(WebhookEvent)
                .where(col(WebhookEvent.event_name).startswith("user_send_group"))
                .order_by(col(WebhookEvent.id))
            )
        )


def test_a_proof_in_the_group_counts_and_the_receipt_goes_to_the_person(
    group: Group, town: Town
) -> None:
    (receipt,) = group.says("chi-lan", text=f"Em nộp bài tuần này {ZALO_LINK}")
    assert "số 1" in receipt
    assert placed(town) == [f"{OA} 2026-W48 received"]


def test_what_is_not_clear_is_asked_in_the_persons_own_chat(
    group: Group, lan: Chat, town: Town
) -> None:
    (which,) = group.says("chi-lan", text=f"nộp minh chứng {WEB_LINK}")
    assert "việc nào" in which
    lan.says("1")
    assert len(proofs(town)) == 1


def test_a_link_to_the_units_own_page_needs_no_words(group: Group, town: Town) -> None:
    with town.database.writing() as session:
        session.add(
            UnitChannel(
                id="cd", unit_code=CAN_DUOC, channel=Channel.WEBSITE,
                address="canduoc.example.gov.vn",
            )
        )  # fmt: skip
    group.says("chi-lan", text=WEB_LINK)
    assert group.says("chi-lan", text="https://vnexpress.net/tin") == []
    assert len(proofs(town)) == 0  # asked in her own chat, see above
    group.says("chi-lan", text=f"loa {WEB_LINK}")
    assert placed(town) == [f"{RADIO} 2026-W48 received"]


@pytest.mark.parametrize(
    "content",
    [
        {"text": TALK},
        {"text": ZALO_LINK},
        {"text": f"bài này có phải lừa đảo không? {ZALO_LINK}"},
        {"text": "đã có 45/60 người đồng ý"},
        {"image": "https://media.zdn.vn/1.jpg"},
        {"sticker": "abc"},
    ],
)
def test_other_talk_of_officials_is_ignored_and_forgotten(
    group: Group, town: Town, content: dict[str, str]
) -> None:
    assert group.says("chi-lan", **content) == []
    assert proofs(town) == []
    for event in talk_of(town):
        assert event.status in (EventStatus.DONE, EventStatus.IGNORED)
        assert "message" not in event.payload


def test_what_citizens_say_in_a_group_is_never_kept(group: Group, town: Town) -> None:
    assert group.says("ba-tam", text=f"nộp minh chứng {ZALO_LINK}") == []
    (event,) = talk_of(town)
    assert (event.status, event.contact_id) == (EventStatus.IGNORED, None)
    assert "zalo.me" not in str(event.payload)
    assert proofs(town) == []


def test_a_dialog_in_the_own_chat_goes_on(group: Group, lan: Chat, town: Town) -> None:
    lan.says("rời đơn vị")
    group.says("chi-lan", text=f"nộp bài {ZALO_LINK}")
    assert len(proofs(town)) == 1
    assert "vẫn ở đơn vị" in lan.says("Không, tôi ở lại")[0]


# --- digests to the group ---------------------------------------------------------------------------


RECEIVE = "Từ nay nhóm này nhận bản tin nhé"


def administers(town: Town, person: str, unit: str = CAN_DUOC) -> Chat:
    chat = town.chat_of(person)
    chat.says("chào")
    now = workshop_of(town).clock.now()
    with town.database.writing() as session:
        official = joining.enrol(session, "Quản trị", now)
        code = joining.invite(
            session, unit, Role.ADMINISTRATOR, audit.OPERATOR, now,
            official_id=official.id,
        )  # fmt: skip
    chat.says(code)
    return chat


def group_row(town: Town) -> AccountGroup:
    with town.database.reading() as session:
        return session.exec(select(AccountGroup)).one()


def heard_in(town: Town, group: Group) -> list[str]:
    state = town.simulator.state
    chat = state.chat(group.chat.oa_id, group.id)
    return [one.text for one in chat.messages if one.sender == "oa"]


def test_a_group_is_known_from_its_events_and_from_no_words(
    group: Group, town: Town
) -> None:
    group.says("ba-tam", text=TALK)
    row = group_row(town)
    assert (row.group_id, row.unit_code, row.left_at) == (group.id, None, None)
    with town.database.reading() as session:
        contact = session.get_one(Contact, row.contact_id)
        counted = matches(session, Audience(), row.seen_at, row.seen_at.date())
        everybody = session.exec(select(Contact).where(counted)).all()
    assert contact.is_group
    assert contact.id not in {one.id for one in everybody}


def test_an_administrator_ties_it_by_a_sentence_and_the_digest_goes_there(
    group: Group, town: Town
) -> None:
    chief = administers(town, "anh-minh")
    mine = Group(chief, "anh-minh", "chi-lan")
    (said,) = mine.says("anh-minh", text=RECEIVE)
    assert "được gửi cả vào nhóm" in said
    with town.database.reading() as session:
        row = groups.find(session, chief.oa_id, mine.id)
        actions = session.exec(select(AuditEntry.action)).all()
    assert row is not None
    assert row.unit_code == CAN_DUOC
    assert "group.tied" in actions
    assert "Chào cả nhóm" in heard_in(town, mine)[-1]
    workshop = workshop_of(town)
    now = workshop.clock.now().astimezone(workshop.zone)
    day = now.date() + timedelta(days=1)
    while not has_digest(day):
        day += timedelta(days=1)
    morning = datetime.combine(day, time(8), workshop.zone)
    seconds = (morning - now).total_seconds()
    chief.post_control("/clock", {"move_seconds": seconds})
    counts = send_digests(workshop, workshop.clock.now())
    assert counts["group_sent"] == 1
    assert send_digests(workshop, workshop.clock.now())["group_sent_before"] == 1
    chief.drain()
    digest = heard_in(town, mine)[-1]
    assert "Bản tin tổng hợp của" in digest
    assert "0900" not in digest
    chief.says("chào")  # his own chat is open again
    (said,) = mine.says("anh-minh", text="nhóm này thôi nhận bản tin")
    assert "thôi gửi" in said


def test_others_cannot_tie_it_and_a_group_that_is_gone_gets_nothing(
    group: Group, town: Town
) -> None:
    assert "cần quản trị" in group.says("chi-lan", text=RECEIVE)[0]
    assert group.says("ba-tam", text=RECEIVE) == []
    assert group_row(town).unit_code is None
    chief = administers(town, "anh-minh")
    row = group_row(town)
    with town.database.writing() as session:
        found = session.get_one(AccountGroup, row.contact_id)
        groups.tie(session, found, CAN_DUOC, None, row.seen_at)
        assert [one.group_id for one in groups.tied(session)] == [group.id]
    town.simulator.state.groups[group.id].oa_member = False
    with town.database.writing() as session:
        contact = session.get_one(Contact, row.contact_id)
        outbox.enqueue(
            session, contact=contact, key="x", messages=[outbox.Outgoing("Tin")],
            lane=Lane.REPLY, kind=MessageKind.RECEIPT,
            now=workshop_of(town).clock.now(),
        )  # fmt: skip
    chief.drain()
    with town.database.reading() as session:
        last = groups.last_delivery(
            session, session.get_one(AccountGroup, row.contact_id)
        )
        assert groups.tied(session) == []
    assert last is not None
    assert last.reason == "not_in_group"
