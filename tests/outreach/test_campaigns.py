"""Campaigns from draft to end: exactly whom the list showed, once, and whoever may stop it
stops it."""

from __future__ import annotations

import io
from datetime import datetime, timedelta

import pytest
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select, update

from bot.channel import outbox
from bot.outreach.campaigns import approving, editing, lists, results, running
from bot.outreach.campaigns.audience import Audience, People
from bot.outreach.campaigns.editing import CampaignError, FlawedCampaign
from bot.outreach.campaigns.running import next_occurrence
from bot.people import audit
from models import (
    AuditEntry,
    Campaign,
    CampaignState,
    Contact,
    ContactTag,
    MessageStatus,
    OutboxMessage,
    Repeat,
    WhenClosed,
)
from tests.channel.conftest import OA_ID, PRICE
from tests.duties.office import ZONE
from tests.outreach.hall import TERMS, UNIT, Hall


def everybody(hall: Hall) -> dict[str, list[Contact]]:
    """People of all kinds: room for two paid messages."""
    hall.allow(2 * PRICE)
    return {
        "free": hall.people(5),
        "paid": hall.people(2, hours_ago=60),
        "unpaid": hall.people(1, hours_ago=60),
        "parked": [*hall.people(2, hours_ago=24 * 8), *hall.people(1, hours_ago=None)],
        "not_wanted": hall.people(4, wants=False),
        "unreachable": [
            *hall.people(1, is_follower=False),
            *hall.people(1, unreachable_reason="blocked"),
        ],
    }


# --- the list shown is the list sent ---------------------------------------------------------


def test_dry_run_shows_what_then_happens(hall: Hall) -> None:
    kinds = everybody(hall)
    number = hall.draft()
    shown = hall.dry_run(number)
    assert shown.counts == {kind: len(people) for kind, people in kinds.items()}
    assert shown.price_vnd == 2 * PRICE
    assert hall.messages() == []

    hall.approve(number)
    hall.does(number, "start")
    hall.send()
    done = hall.progress(number)
    assert (done.state, done.sent, done.held) == (CampaignState.DONE, 7, 4)
    assert done.left_out == {"not_wanted": 4, "unreachable": 2}
    assert done.sent_sha256 == shown.list_sha256
    assert done.changed == 0
    wanted = {one.user_id for kind in ("free", "paid") for one in kinds[kind]}
    assert hall.reached() == dict.fromkeys(wanted, 1)


def test_what_changed_since_is_listed_and_nobody_is_added(hall: Hall) -> None:
    lan, minh, hoa = hall.people(3)
    parked = hall.person(hours_ago=24 * 9)
    number = hall.draft()
    shown = hall.dry_run(number)
    hall.approve(number)
    hall.opts_out(minh)
    hall.interacts(parked)
    hall.person()  # came later: not on the list
    hall.does(number, "start")
    hall.send()
    done = hall.progress(number)
    assert done.changed == 2
    assert done.sent_sha256 != shown.list_sha256
    assert set(hall.reached()) == {lan.user_id, hoa.user_id, parked.user_id}
    with hall.database.reading() as session:
        assert list(lists.changes(session, hall.run(number))) == [
            (minh.id, "free", "not_wanted"),
            (parked.id, "parked", "free"),
        ]


def test_one_person_with_two_accounts_gets_it_once(hall: Hall) -> None:
    hall.post.connect("2")
    hall.person(user_id_by_app="lan", hours_ago=24 * 9)
    recent = hall.person(user_id_by_app="lan", oa_id="2", hours_ago=2)
    hall.person(user_id_by_app="lan", hours_ago=20)
    number = hall.draft()
    assert hall.dry_run(number).counts == {"duplicate": 2, "free": 1}
    hall.approve(number)
    hall.does(number, "start")
    hall.send()
    assert [row.contact_id for row in hall.messages()] == [recent.id]


def test_a_message_under_way_elsewhere_holds_up_the_second_until_tomorrow(
    hall: Hall,
) -> None:
    """One person, two accounts, two campaigns at once: the sender comes to an end."""
    hall.post.connect("2")
    here = hall.person(user_id_by_app="lan")
    there = hall.person(user_id_by_app="lan", oa_id="2")
    hall.begun("Tin một", audience=Audience(accounts=(OA_ID,)))
    with hall.database.writing() as session:
        session.exec(
            update(OutboxMessage).values(
                status=MessageStatus.SENDING,
                lease_until=hall.now() + timedelta(hours=1),
            )
        )
    hall.begun("Tin hai", audience=Audience(accounts=("2",)))
    hall.sender.run_once()
    (_, second) = hall.messages()
    assert (second.contact_id, second.status) == (there.id, MessageStatus.WAITING)
    assert second.due_at.astimezone(ZONE).date() == hall.today() + timedelta(days=1)
    assert hall.post.zalo.texts(here.user_id) == []


def test_who_had_one_today_gets_it_tomorrow(hall: Hall) -> None:
    lan = hall.person()
    hall.begun("Tin thứ nhất")
    hall.send()
    number = hall.draft("Tin thứ hai")
    assert hall.dry_run(number).counts == {"capped": 1}
    hall.approve(number)
    hall.does(number, "start")
    hall.send()
    assert hall.post.zalo.texts(lan.user_id) == ["Tin thứ nhất"]
    hall.clock.forward(days=1)
    hall.send()
    assert hall.post.zalo.texts(lan.user_id) == ["Tin thứ nhất", "Tin thứ hai"]
    assert hall.progress(number).state == CampaignState.DONE


def test_a_campaign_may_leave_out_whom_zalo_does_not_reach(hall: Hall) -> None:
    closed = hall.person(hours_ago=24 * 9)
    number = hall.begun(when_closed=WhenClosed.LEAVE_OUT)
    hall.send()
    assert hall.messages() == []
    assert hall.not_reached(number) == {closed.id: "closed"}


def test_a_parked_message_is_delivered_when_the_person_writes(hall: Hall) -> None:
    minh = hall.person(hours_ago=24 * 9)
    number = hall.begun()
    hall.send()
    assert hall.progress(number).held == 1
    hall.interacts(minh)
    with hall.database.writing() as session:
        outbox.release_parked(session, minh.id or 0, hall.now())
    hall.send()
    assert hall.progress(number).sent == 1


def test_a_parked_message_ends_with_its_use(hall: Hall) -> None:
    minh = hall.person(hours_ago=24 * 9)
    hall.begun(useful_hours=24)
    hall.send()
    hall.clock.forward(days=2)
    hall.interacts(minh)
    with hall.database.writing() as session:
        outbox.release_parked(session, minh.id or 0, hall.now())
    hall.send()
    assert [row.status for row in hall.messages()] == [MessageStatus.EXPIRED]


def test_the_csv_names_everybody_who_was_not_reached(hall: Hall) -> None:
    kinds = everybody(hall)
    number = hall.begun()
    hall.send()
    with hall.database.reading() as session:
        file = io.StringIO()
        campaign = editing.find(session, number)
        count = results.write_not_reached(session, campaign, hall.run(number), file)
    lines = file.getvalue().split()
    left = ("unpaid", "parked", "not_wanted", "unreachable")
    assert count == sum(len(kinds[kind]) for kind in left)
    assert lines[0] == "contact,reason"
    assert f"{kinds['parked'][0].id},window_closed" in lines
    assert f"{kinds['unpaid'][0].id},paid_window" in lines
    assert f"{kinds['not_wanted'][0].id},not_wanted" in lines
    assert not any(one.user_id in file.getvalue() for one in kinds["parked"])


# --- whom it is meant for ----------------------------------------------------------------------


def test_the_audience_narrows_by_all_its_parts(hall: Hall) -> None:
    plain, tagged, khmer, official = hall.people(4)
    old = hall.person(hours_ago=24 * 9)
    with hall.database.writing() as session:
        session.add_all(
            [
                ContactTag(contact_id=tagged.id or 0, tag="khu-pho-3"),
                ContactTag(contact_id=khmer.id or 0, tag="lang:km"),
            ]
        )
        session.get_one(Contact, official.id).official_id = hall.outsider.id
        session.get_one(Contact, old.id).created_at = hall.now() - timedelta(days=90)

    def meant(**audience: object) -> set[int | None]:
        number = hall.draft(audience=Audience(**audience))  # type: ignore[arg-type]
        hall.dry_run(number)
        with hall.database.reading() as session:
            return {one for one, _, _ in lists.recipients(session, hall.run(number))}

    all_ids = {one.id for one in (plain, tagged, khmer, official, old)}
    assert meant() == all_ids
    assert meant(tags=("khu-pho-3",)) == {tagged.id}
    assert meant(languages=("km",)) == {khmer.id}
    assert meant(languages=("vi",)) == all_ids - {khmer.id}
    assert meant(people=People.OFFICIALS) == {official.id}
    assert meant(people=People.CITIZENS) == all_ids - {official.id}
    assert meant(communes=(UNIT,)) == all_ids
    assert meant(communes=("xa_khac",)) == set()
    assert meant(known_days_min=30) == {old.id}
    assert meant(known_days_max=30) == all_ids - {old.id}
    assert meant(accounts=("7",)) == set()
    assert meant(followers=False) == set()
    assert meant(windows=("closed",)) == {old.id}
    assert meant(windows=("free", "closed")) == all_ids


def test_counting_an_audience_makes_no_list(hall: Hall) -> None:
    hall.people(3)
    with hall.database.reading() as session:
        assert lists.audience_count(session, {}, hall.now(), TERMS) == 3


# --- the second person ---------------------------------------------------------------------------


def test_only_a_second_person_of_the_right_role_approves(hall: Hall) -> None:
    hall.person()
    number = hall.draft()
    hall.dry_run(number)
    for official, code in (
        (hall.owner, "own_campaign"),
        (hall.outsider, "not_allowed"),
    ):
        with pytest.raises(CampaignError) as refused:
            hall.approve(number, official)
        assert refused.value.code == code
    hall.approve(number)
    assert hall.campaign(number).approved_by_id == hall.second.id
    with hall.database.reading() as session:
        actions = session.exec(
            select(AuditEntry.action).where(AuditEntry.subject == f"campaign:{number}")
        ).all()
        assert list(actions) == ["campaign.created", "campaign.approved"]
        assert audit.verify(session) is None


def test_the_database_refuses_an_owner_who_approves(hall: Hall) -> None:
    number = hall.draft()
    with (
        pytest.raises(IntegrityError, match="ck_campaign_second_person"),
        hall.database.writing() as session,
    ):
        session.exec(
            update(Campaign)
            .where(col(Campaign.id) == number)
            .values(approved_by_id=hall.owner.id)
        )


def test_nothing_leaves_without_approval_nor_before_its_time(hall: Hall) -> None:
    hall.person()
    number = hall.draft(starts_at=hall.now() + timedelta(hours=2))
    hall.dry_run(number)
    with pytest.raises(CampaignError, match="not approved"):
        hall.does(number, "start")
    hall.approve(number)
    hall.send()
    assert hall.reached() == {}
    hall.clock.forward(hours=2, minutes=1)
    hall.send()
    assert hall.reached().total() == 1


def test_an_approval_without_a_list_is_refused(hall: Hall) -> None:
    number = hall.draft()
    with pytest.raises(CampaignError, match="dry-run first"):
        hall.approve(number)


def test_a_change_asks_for_approval_again(hall: Hall) -> None:
    hall.person()
    number = hall.draft()
    hall.dry_run(number)
    hall.approve(number)
    hall.edit(number, text="Tin khác")
    assert hall.campaign(number).state == CampaignState.DRAFT
    with pytest.raises(CampaignError, match="dry-run first"):
        hall.approve(number)
    hall.dry_run(number)
    hall.approve(number)
    hall.does(number, "start")
    hall.send()
    assert hall.post.zalo.texts() == ["Tin khác"]
    with pytest.raises(CampaignError, match="copy it"):
        hall.edit(number, text="Quá muộn")


def test_a_rejected_campaign_is_a_draft_again(hall: Hall) -> None:
    number = hall.draft()
    with hall.database.writing() as session:
        found = editing.find(session, number)
        approving.ask(session, found, TERMS, "p-administrator", hall.now())
        assert found.state == CampaignState.WAITING_APPROVAL
        approving.reject(session, found, hall.second, hall.now(), hall.today())
    assert hall.campaign(number).state == CampaignState.DRAFT


def test_those_asked_are_all_but_the_owner(hall: Hall) -> None:
    number = hall.draft()
    with hall.database.reading() as session:
        found = editing.find(session, number)
        asked = approving.approvers(session, found, hall.today())
    assert [one.id for one in asked] == [hall.second.id]


def test_a_list_too_long_for_a_moment_is_made_by_the_worker(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lists, "CHUNK", 3)
    hall.people(8)
    number = hall.draft()
    with hall.database.writing() as session:
        found = editing.find(session, number)
        approving.ask(session, found, TERMS, "p-administrator", hall.now())
    with pytest.raises(CampaignError, match="not complete"):
        hall.approve(number)
    hall.drive()
    assert hall.run(number).counts == {"free": 8}
    hall.approve(number)


def test_a_campaign_that_does_not_fit_together_is_not_kept(hall: Hall) -> None:
    with pytest.raises(FlawedCampaign, match="nothing to say"):
        hall.draft("")
    with pytest.raises(FlawedCampaign, match="repeats"):
        hall.draft(repeat=Repeat.WEEKLY)


# --- pause, cancel, opt-out -----------------------------------------------------------------------


def test_a_paused_campaign_goes_on_where_it_stood(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lists, "CHUNK", 4)
    people = hall.people(10)
    number = hall.begun()  # the first four are written down
    hall.does(number, "pause")
    hall.send()
    assert hall.reached() == {}
    hall.does(number, "resume")
    hall.send()
    assert hall.reached() == dict.fromkeys((one.user_id for one in people), 1)
    assert hall.progress(number).state == CampaignState.DONE


def test_what_somebody_sets_free_meanwhile_does_not_leave(hall: Hall) -> None:
    """Parked, released by the person's writing, while the campaign is paused."""
    minh = hall.person(hours_ago=24 * 9)
    hall.person()
    number = hall.begun()
    hall.does(number, "pause")
    hall.interacts(minh)
    with hall.database.writing() as session:
        outbox.release_parked(session, minh.id or 0, hall.now())
    hall.send()
    assert hall.reached() == {}
    hall.does(number, "resume")
    hall.send()
    assert hall.reached().total() == 2


def test_a_cancelled_campaign_calls_back_what_has_not_left(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lists, "CHUNK", 4)
    parked = hall.person(hours_ago=24 * 9)
    people = hall.people(7)
    number = hall.begun()
    hall.does(number, "cancel")
    hall.send()
    assert hall.reached() == {}
    missed = hall.not_reached(number)
    assert missed[parked.id or 0] == "campaign_cancelled"
    assert missed[people[-1].id or 0] == "not_yet"
    with pytest.raises(CampaignError):
        hall.does(number, "resume")


def test_who_opts_out_gets_no_more_of_a_running_campaign(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lists, "CHUNK", 2)
    queued, other, later = hall.people(3)
    number = hall.begun()
    hall.opts_out(queued)  # his message waits already
    hall.opts_out(later)  # his has not been written down yet
    hall.send()
    assert set(hall.reached()) == {other.user_id}
    assert hall.progress(number).opt_outs == 2


def test_an_opt_out_between_planning_and_sending_is_seen_by_the_sender(
    hall: Hall,
) -> None:
    """Even a message that was written down in the very moment of the "no"."""
    minh = hall.person()
    hall.begun()
    hall.opts_out(minh)
    with hall.database.writing() as session:
        session.exec(
            update(OutboxMessage).values(status=MessageStatus.WAITING, reason=None)
        )
    hall.sender.run_once()
    assert hall.reached() == {}
    assert [row.reason for row in hall.messages()] == ["not_wanted"]


# --- hours, spread, again and again -----------------------------------------------------------------


def test_a_campaign_started_in_the_evening_waits_for_the_morning(hall: Hall) -> None:
    hall.person(hours_ago=0)
    hall.clock.forward(hours=12)  # 21:00
    number = hall.begun()
    hall.send()
    assert hall.messages() == []
    hall.clock.forward(hours=11)  # 08:00
    hall.send()
    assert hall.progress(number).sent == 1


def test_a_spread_campaign_leaves_evenly(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lists, "CHUNK", 3)
    hall.people(12)
    number = hall.begun(spread_minutes=60)
    sent = []
    for _ in range(13):
        hall.send()
        sent.append(hall.progress(number).sent)
        hall.clock.forward(minutes=5)
    assert sent == [*range(1, 13), 12]


def test_a_weekly_campaign_makes_a_new_list_each_time(hall: Hall) -> None:
    hall.person()
    begin = hall.now() + timedelta(minutes=1)
    number = hall.draft(
        starts_at=begin,
        repeat=Repeat.WEEKLY,
        repeat_until=begin + timedelta(days=13),
    )
    hall.dry_run(number)
    hall.approve(number)
    hall.clock.forward(minutes=2)
    hall.send()
    assert hall.campaign(number).state == CampaignState.APPROVED
    assert hall.campaign(number).starts_at == begin + timedelta(days=7)
    new = hall.person()
    hall.clock.forward(days=7)
    hall.interacts(new)
    hall.send()
    assert hall.campaign(number).state == CampaignState.DONE
    assert hall.reached()[new.user_id] == 1
    with hall.database.reading() as session:
        runs = results.runs_of(session, editing.find(session, number))
        assert [one.counts for one in runs] == [{"free": 1, "parked": 1}, {"free": 1}]


def test_the_31st_of_a_short_month_is_its_last_day() -> None:
    campaign = Campaign(
        title="a",
        repeat=Repeat.MONTHLY,
        first_at=datetime(2027, 1, 31, 8, tzinfo=ZONE),
        created_at=datetime(2027, 1, 1, tzinfo=ZONE),
        changed_at=datetime(2027, 1, 1, tzinfo=ZONE),
    )
    found = []
    after = campaign.first_at
    for _ in range(3):
        assert after is not None
        after = next_occurrence(campaign, after, TERMS)
        found.append(after and f"{after:%m-%d %H}")
    assert found == ["02-28 08", "03-31 08", "04-30 08"]


# --- emergencies ------------------------------------------------------------------------------------


def test_an_emergency_notice_goes_out_at_night_by_a_named_person(hall: Hall) -> None:
    people = [hall.person(), hall.person(wants=False)]
    hall.clock.forward(hours=14)  # 23:00
    number = hall.draft("Nước lên, bà con sơ tán", is_emergency=True)
    hall.dry_run(number)
    with pytest.raises(CampaignError):
        hall.approve(number, hall.outsider)
    hall.approve(number, hall.owner)
    hall.does(number, "start")
    hall.send()
    assert set(hall.reached()) == {one.user_id for one in people}
    with hall.database.reading() as session:
        released = session.exec(
            select(AuditEntry.actor).where(AuditEntry.action == "emergency.release")
        ).one()
    assert released == hall.owner.pseudonym


# --- what is written down before its time, and accounts ------------------------------------------------


def test_few_messages_stand_ahead_of_the_sender(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lists, "CHUNK", 5)
    monkeypatch.setattr(running, "AHEAD", 10)
    hall.people(40)
    number = hall.begun()
    hall.drive()
    assert len(hall.messages()) == 10
    hall.send()
    assert hall.progress(number).sent == 40


def test_a_paused_account_holds_up_no_other(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lists, "CHUNK", 5)
    monkeypatch.setattr(running, "AHEAD", 10)
    hall.post.connect("2")
    hall.people(20)
    others = hall.people(3, oa_id="2")
    hall.post.change_account(paused_until=hall.now() + timedelta(hours=1))
    hall.begun()
    hall.send()
    assert set(hall.reached()) == {one.user_id for one in others}
