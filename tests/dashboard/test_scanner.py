"""A small scanner over every page: headers, cookies, forged forms, methods, strange paths."""

from __future__ import annotations

import re

import pytest
from sqlmodel import SQLModel

import app as program
from dashboard.access import TABLE, Scope
from models import Role
from tests.dashboard.conftest import PROVINCE, House
from tests.dashboard.test_access import doors

NEEDED = {
    "Content-Security-Policy": re.compile(
        r"default-src 'none'.*frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": re.compile("nosniff"),
    "X-Frame-Options": re.compile("DENY"),
    "Referrer-Policy": re.compile("same-origin|no-referrer"),
}
# style="…", onclick="…", <style>, <script> without src: the policy would refuse them anyway
INLINE = re.compile(
    r"""<[^>]+\s(?:style|on[a-z]+)=|<style|<script(?![^>]*\ssrc=)|javascript:""", re.I
)
OUTSIDE = re.compile(r"""(?:src|<link[^>]*href|action)=["'](?:https?:)?//""", re.I)
FORM = re.compile(r"<form\b[^>]*method=\"post\".*?</form>", re.S)


def test_every_page_is_delivered_safely(house: House) -> None:
    browser = house.browser(Role.ADMINISTRATOR, PROVINCE)
    findings = []
    for door in doors(house):
        if door.method != "GET":
            continue
        answer = browser.get(door.path)
        headers = answer.headers
        for name, wanted in NEEDED.items():
            if not wanted.search(headers.get(name, "")):
                findings.append(f"{door.path}: {name}: {headers.get(name)}")
        is_file = door.endpoint == "dashboard.static"
        if "no-store" not in headers["Cache-Control"] and not is_file:
            findings.append(f"{door.path}: may be kept: {headers['Cache-Control']}")
        if answer.mimetype == "text/html":
            findings += [
                f"{door.path}: inline {one}" for one in INLINE.findall(answer.text)
            ]
            findings += [
                f"{door.path}: from outside {one}"
                for one in OUTSIDE.findall(answer.text)
            ]
            findings += [
                f"{door.path}: a form without token"
                for form in FORM.findall(answer.text)
                if "csrf_token" not in form
            ]
    assert findings == []


def test_no_change_without_the_token_of_the_session(house: House) -> None:
    browser = house.browser(Role.ADMINISTRATOR, PROVINCE)
    other = house.browser(Role.ADMINISTRATOR, PROVINCE)
    tried = 0
    for door in doors(house):
        if door.method != "POST":
            continue
        for token in ("", "made-up", other.token):
            data = {"csrf_token": token} if token else {}
            answer = browser.client.post(door.path, data=data)
            assert answer.status_code == 400, (door, token)
            tried += 1
    assert tried >= 6
    assert browser.get("/dashboard/").status_code == 200  # nobody was logged out


def test_addresses_do_not_lead_outside(house: House) -> None:
    browser = house.browser(Role.OFFICIAL)
    for evil in ("https://evil.example", "//evil.example", "/\\evil.example"):
        for name in ("next", "url", "return", "redirect"):
            answer = browser.get("/dashboard/", query_string={name: evil})
            assert answer.status_code == 200
            assert "evil.example" not in answer.text
    answer = browser.get("/dashboard//evil.example/%2e%2e")
    assert answer.status_code in (301, 302, 308, 404)
    assert not answer.headers.get("Location", "").startswith(
        ("//", "http://evil", "https://evil")
    )


@pytest.mark.parametrize(
    "path",
    [
        "/dashboard/static/../access.py",
        "/dashboard/static/%2e%2e/access.py",
        "/dashboard/static/..%2faccess.py",
        "/dashboard/static/....//access.py",
        "/dashboard/static//etc/passwd",
        "/dashboard/static/templates/dashboard/base.html",
    ],
)
def test_files_beside_the_static_ones_stay_where_they_are(
    house: House, path: str
) -> None:
    answer = house.stranger().get(path)
    assert answer.status_code in (301, 302, 308, 404)
    assert "TABLE" not in answer.text


def test_other_methods_are_refused(house: House) -> None:
    browser = house.browser(Role.ADMINISTRATOR, PROVINCE)
    for door in doors(house):
        for method in ("PUT", "DELETE", "PATCH", "TRACE"):
            answer = browser.client.open(door.path, method=method, buffered=True)
            assert answer.status_code in (400, 403, 404, 405), (door, method)


def test_only_posts_change_anything(house: House) -> None:
    """A page that is looked at writes nothing; what is behind GET is safe to preview."""
    browser = house.browser(Role.ADMINISTRATOR, PROVINCE)
    list(doors(house))
    before = _rows(house)
    for door in doors(house):
        if door.method == "GET" and TABLE[door.endpoint].scope != Scope.PUBLIC:
            browser.get(door.path)
    assert _rows(house) == before


def _rows(house: House) -> dict[str, list[tuple[object, ...]]]:
    with house.database.reading() as session:
        return {
            table.name: [tuple(row) for row in session.execute(table.select())]
            for table in SQLModel.metadata.sorted_tables
            if table.name != "dashboard_session"
        }


def test_the_cookie_is_secure_where_the_address_is(house: House) -> None:
    secure = program.create_app(
        house.settings.model_copy(update={"public_url": "https://xa.example.vn"}),
        house.clock,
    )
    try:
        answer = secure.test_client().get("/dashboard/login/x")
        assert "Secure" in answer.headers["Set-Cookie"]
    finally:
        secure.extensions["reception"].close()
        secure.extensions["database"].close()


def test_pages_are_sent_zipped_and_files_are_fetched_once(house: House) -> None:
    browser = house.browser(Role.SUPERVISOR, PROVINCE)
    page = browser.client.get("/dashboard/", headers={"Accept-Encoding": "gzip"})
    assert page.headers["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in page.headers["Vary"]
    for path in re.findall(
        r'(?:href|src)="(/[^"]*/static/[^"]+)"', browser.text("/dashboard/")
    ):
        file = browser.get(
            path.replace("&amp;", "&"), headers={"Accept-Encoding": "gzip"}
        )
        assert file.status_code == 200, path
        assert "immutable" in file.headers["Cache-Control"]


def test_the_webhook_needs_no_token_of_a_form(house: House) -> None:
    answer = house.stranger().client.post("/zalo/webhook", data=b"{}")
    assert answer.status_code == 401  # its own signature, no form
