"""Officials at their phones, on the Wednesday of week 48."""

from __future__ import annotations

import pytest

from models import Role
from tests.chat import Chat, Town
from tests.conversation.test_officials import CAN_DUOC, PROVINCE, Office
from tests.conversation.test_submitting import WEDNESDAY


@pytest.fixture
def office(town: Town) -> Office:
    town.chat_of("chi-lan").post_control("/clock", {"set": WEDNESDAY})
    return Office(town)


@pytest.fixture
def lan(office: Office) -> Chat:
    return office.phone_of("chi-lan", (CAN_DUOC, Role.OFFICIAL), name="Nguyễn Thị Lan")


@pytest.fixture
def sau(office: Office) -> Chat:
    return office.phone_of("ong-sau", (PROVINCE, Role.SUPERVISOR), name="Lê Văn Sáu")
