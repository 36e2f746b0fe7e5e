"""Articles handed to Zalo: one call each, never again when nobody knows what became of it."""

from __future__ import annotations

from typing import Any

import pytest
from sqlmodel import select

from bot.outreach.campaigns.broadcasts import LOST_AFTER
from models import BroadcastState, CampaignBroadcast, CampaignKind, CampaignState
from tests.channel.conftest import OA_ID
from tests.channel.fake_zalo import V2
from tests.outreach.hall import Hall

ARTICLE = "8a1b2c3d4e5f60718293"
TAKEN = {"error": 0, "message": "Success", "data": {"message_id": "b1"}}


def begun(hall: Hall, **wish: Any) -> int:
    return hall.begun("", kind=CampaignKind.BROADCAST, article_id=ARTICLE, **wish)


def rows(hall: Hall) -> list[CampaignBroadcast]:
    with hall.database.reading() as session:
        return list(session.exec(select(CampaignBroadcast)))


def calls(hall: Hall) -> list[dict[str, Any]]:
    return [one.body for one in hall.post.zalo.calls if one.path == V2]


def test_an_article_is_handed_over_once_with_its_targets(hall: Hall) -> None:
    hall.people(3)
    hall.post.zalo.fail(V2, TAKEN)
    number = begun(hall, targets={"ages": [2, 3], "gender": [0]})
    assert hall.run(number).counts == {"followers": 3}
    hall.send()
    (body,) = calls(hall)
    assert body["recipient"] == {"target": {"ages": "2,3", "gender": "0"}}
    (element,) = body["message"]["attachment"]["payload"]["elements"]
    assert element == {"media_type": "article", "attachment_id": ARTICLE}
    (row,) = rows(hall)
    assert (row.oa_id, row.state, row.zalo_message_id) == (
        OA_ID, BroadcastState.ACCEPTED, "b1",
    )  # fmt: skip
    assert hall.progress(number).state == CampaignState.DONE


@pytest.mark.parametrize("fault", ["cut_after", "broken", 502])
def test_an_unknown_outcome_is_never_repeated(hall: Hall, fault: str | int) -> None:
    hall.post.zalo.fail(V2, fault)
    number = begun(hall)
    hall.send()
    hall.clock.forward(days=2)
    hall.send()
    assert [row.state for row in rows(hall)] == [BroadcastState.UNKNOWN]
    assert len(calls(hall)) == 1
    assert hall.campaign(number).state == CampaignState.DONE


def test_a_process_that_dies_in_the_call_leaves_an_unknown_outcome(hall: Hall) -> None:
    number = begun(hall)
    with hall.database.writing() as session:
        row = session.exec(select(CampaignBroadcast)).one()
        row.state, row.begun_at = BroadcastState.SENDING, hall.now()
    hall.drive()
    assert [row.state for row in rows(hall)] == [BroadcastState.SENDING]
    hall.clock.forward(seconds=LOST_AFTER.total_seconds() + 1)
    hall.drive()
    assert [row.state for row in rows(hall)] == [BroadcastState.UNKNOWN]
    assert calls(hall) == []
    assert hall.campaign(number).state == CampaignState.DONE


def test_a_refusal_of_zalo_is_told(hall: Hall) -> None:
    hall.post.zalo.fail(V2, {"error": -221, "message": "OA is not verified"})
    number = begun(hall)
    hall.send()
    (broadcast,) = hall.progress(number).broadcasts
    assert (broadcast["state"], broadcast["reason"]) == ("refused", "zalo_-221")


def test_by_zalos_clock_it_was_night(hall: Hall) -> None:
    hall.post.zalo.fail(V2, {"error": -234, "message": "not allowed at night"}, TAKEN)
    begun(hall)
    hall.send()
    assert [row.state for row in rows(hall)] == [BroadcastState.WAITING]
    hall.clock.forward(hours=1, minutes=1)
    hall.send()
    assert [row.state for row in rows(hall)] == [BroadcastState.ACCEPTED]


def test_followers_get_one_broadcast_a_day(hall: Hall) -> None:
    hall.post.zalo.fail(V2, TAKEN, TAKEN)
    begun(hall)
    hall.send()
    begun(hall)
    hall.send()
    assert len(calls(hall)) == 1
    hall.clock.forward(days=1)
    hall.send()
    assert len(calls(hall)) == 2


def test_a_paused_broadcast_is_not_handed_over(hall: Hall) -> None:
    hall.post.zalo.fail(V2, TAKEN)
    number = begun(hall)
    hall.does(number, "pause")
    hall.send()
    assert calls(hall) == []
    hall.does(number, "resume")
    hall.send()
    assert len(calls(hall)) == 1
