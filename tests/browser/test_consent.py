"""An administrator connects his account with his own hands."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, ViewportSize, expect

from tests.browser.conftest import DESKTOP, PATIENCE_MS, PHONE
from tests.browser.test_simulator_page import serious
from tests.chat import Town
from tests.test_connecting import connecting_of


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_an_administrator_consents_and_reads_what_comes_next(
    town: Town, browser: Browser, size: ViewportSize
) -> None:
    page = browser.new_context(viewport=size, locale="vi-VN").new_page()
    page.set_default_timeout(PATIENCE_MS)
    page.goto(connecting_of(town).link())
    page.get_by_label("UBND xã Tân Lân").check()
    page.get_by_role("button", name="Đồng ý cấp quyền").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(
        "Đã kết nối: UBND xã Tân Lân (mô phỏng)"
    )
    assert serious(page) == []
    fits = "document.documentElement.scrollWidth <= window.innerWidth"
    assert page.evaluate(fits)
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Đã kết nối rồi")
    page.goto(f"{town.address}/zalo/oauth/callback?state=x&code=y&oa_id=1")
    expect(page.get_by_role("heading", level=1)).to_have_text("Chưa kết nối được OA")
    assert serious(page) == []
    assert page.evaluate(fits)
    page.context.close()
