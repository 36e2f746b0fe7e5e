"""Envelope, authorisation, OAuth, rate limit and the faults of the fake Zalo."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from tests.simulator.harness import (
    APP_ID,
    APP_SECRET,
    BUSINESS,
    HOA_AT_BUSINESS,
    Zalo,
)

GETOA = "/openapi/v2.0/oa/getoa"
CS = "/openapi/v3.0/oa/message/cs"
QUOTA = "/business/message/quota"
CALLBACK = "http://127.0.0.1:8000/zalo/oauth/callback"


# Envelope


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [
        ("GET", "/openapi/v9.9/oa/nothing", -209),
        ("POST", "/openapi/v2.0/oa/getoa", -209),
        ("DELETE", "/openapi/v2.0/oa/getoa", -209),
        ("GET", "/business/nothing", -106),
    ],
)
def test_a_path_that_does_not_exist_answers_in_the_envelope(
    zalo: Zalo, method: str, path: str, code: int
) -> None:
    response = zalo.call(method, path)
    assert response.status_code == 200
    assert response.json()["error"] == code


@pytest.mark.parametrize(
    ("path", "raw", "code"),
    [
        (CS, b"{", -201),
        (CS, b"[]", -201),
        (CS, b"", -201),
        (CS, b"[" * 100_000, -201),
        (CS, b"\xff\xfe", -201),
        ("/business/message/template", b"{", -122),
    ],
)
def test_a_body_that_is_no_json_object_is_an_error_not_a_crash(
    zalo: Zalo, path: str, raw: bytes, code: int
) -> None:
    response = zalo.call("POST", path, data=raw)
    assert response.status_code == 200
    assert response.json()["error"] == code


def test_a_lone_surrogate_travels_escaped(zalo: Zalo) -> None:
    raw = b'{"recipient":{"user_id":"%s"},"message":{"text":"a\\ud800"}}'
    body = raw % HOA_AT_BUSINESS.encode()
    assert zalo.call("POST", CS, data=body).json()["error"] == 0
    assert zalo.events("oa_send_text")[0]["message"]["text"] == "a\ud800"


# Authorisation


def test_the_token_counts_only_in_the_header(zalo: Zalo) -> None:
    token = zalo.tokens[BUSINESS]
    in_query = requests.get(
        zalo.url + GETOA, params={"access_token": token}, timeout=10
    )
    assert in_query.json()["error"] == -216
    bearer = {"Authorization": f"Bearer {token}"}
    assert (
        requests.get(zalo.url + GETOA, headers=bearer, timeout=10).json()["error"]
        == -216
    )
    assert zalo.get(GETOA)["error"] == 0


def test_an_expired_token_is_minus_220_and_on_the_phone_host_minus_124(
    zalo: Zalo,
) -> None:
    zalo.wait(renew=False, hours=24.9)
    assert zalo.get(GETOA)["error"] == 0
    zalo.wait(renew=False, hours=0.2)
    assert zalo.get(GETOA)["error"] == -220
    assert zalo.get(QUOTA)["error"] == -124


def test_a_token_belongs_to_its_account(zalo: Zalo) -> None:
    assert zalo.get(GETOA)["data"]["oa_id"] == BUSINESS
    assert zalo.get(GETOA)["data"]["oaid"] == BUSINESS


@pytest.mark.parametrize(
    ("path", "switches", "code"),
    [
        (GETOA, {"active": False}, -209),
        (GETOA, {"removed": True}, -219),
        (GETOA, {"product_registered": False}, -212),
        (QUOTA, {"active": False}, -103),
        (QUOTA, {"product_registered": False}, -138),
    ],
)
def test_the_app_has_to_be_in_order(
    zalo: Zalo, path: str, switches: dict[str, bool], code: int
) -> None:
    zalo.control("/app", switches)
    assert zalo.get(path)["error"] == code


@pytest.mark.parametrize(
    ("switches", "code"),
    [
        ({"granted": False}, -223),
        ({"status": "disabled"}, -204),
        ({"status": "deleted"}, -205),
    ],
)
def test_the_account_has_to_be_in_order(
    zalo: Zalo, switches: dict[str, Any], code: int
) -> None:
    zalo.switch(**switches)
    assert zalo.get(GETOA)["error"] == code


def test_a_wrong_appsecret_proof_is_refused_and_a_demanded_one_needed(
    zalo: Zalo,
) -> None:
    token = zalo.tokens[BUSINESS]
    good = hmac.new(APP_SECRET.encode(), token.encode(), hashlib.sha256).hexdigest()

    def error(path: str, **headers: str) -> object:
        return zalo.call("GET", path, headers=headers).json()["error"]

    assert error(GETOA, appsecret_proof="bad") == -242
    assert error(QUOTA, appsecret_proof="bad") == -1241
    zalo.control("/app", {"proof_required": True})
    assert error(GETOA) == -242
    assert error(GETOA, appsecret_proof=good) == 0


# Rate


def test_every_oa_answer_carries_both_rate_headers(zalo: Zalo) -> None:
    headers = zalo.call("GET", GETOA).headers
    assert headers["X-RateLimit-Limit"] == "4000"
    assert headers["X-RateLimit-Remain"] == "3999"


def test_above_the_limit_comes_minus_32_until_the_next_minute(zalo: Zalo) -> None:
    zalo.control("/app", {"rate_limit_per_minute": 2})
    codes = [zalo.get(GETOA)["error"] for _ in range(3)]
    assert codes == [0, 0, -32]
    refused = zalo.call("GET", GETOA)
    assert refused.headers["X-RateLimit-Limit"] == "2"
    assert refused.headers["X-RateLimit-Remain"] == "0"
    zalo.wait(minutes=1)
    assert zalo.get(GETOA)["error"] == 0


def test_articles_have_their_own_limit(zalo: Zalo) -> None:
    zalo.control("/app", {"rate_limit_per_minute": 0})
    assert zalo.get(GETOA)["error"] == -32
    listing = zalo.get("/openapi/v2.0/article/getslice", type="normal")
    assert listing["error"] == 0


# OAuth


def permission(zalo: Zalo, **changes: str) -> requests.Response:
    form = {
        "app_id": APP_ID,
        "redirect_uri": CALLBACK,
        "code_challenge": "",
        "state": "s-1",
        "oa_id": BUSINESS,
        "decision": "allow",
    }
    return requests.post(
        f"{zalo.url}/oauth/v4/oa/permission",
        data=form | changes,
        allow_redirects=False,
        timeout=10,
    )


def code_of(response: requests.Response) -> str:
    return parse_qs(urlsplit(response.headers["Location"]).query)["code"][0]


def grant(zalo: Zalo, secret: str = APP_SECRET, **form: str) -> dict[str, Any]:
    response = requests.post(
        f"{zalo.url}/oauth/v4/oa/access_token",
        data={"app_id": APP_ID} | form,
        headers={"secret_key": secret},
        timeout=10,
    )
    assert response.status_code == 200
    found: dict[str, Any] = response.json()
    return found


def by_code(zalo: Zalo, code: str, **more: str) -> dict[str, Any]:
    return grant(zalo, grant_type="authorization_code", code=code, **more)


def by_refresh(zalo: Zalo, token: str) -> dict[str, Any]:
    return grant(zalo, grant_type="refresh_token", refresh_token=token)


def test_consent_brings_code_account_and_state_back(zalo: Zalo) -> None:
    location = permission(zalo).headers["Location"]
    assert location.startswith(f"{CALLBACK}?")
    given = parse_qs(urlsplit(location).query)
    assert given["oa_id"] == [BUSINESS]
    assert given["state"] == ["s-1"]
    pair = by_code(zalo, given["code"][0])
    assert pair["expires_in"] == "90000"
    zalo.tokens[BUSINESS] = pair["access_token"]
    assert zalo.get(GETOA)["error"] == 0


def test_the_consent_page_names_the_accounts(zalo: Zalo) -> None:
    page = requests.get(
        f"{zalo.url}/oauth/v4/oa/permission",
        params={"app_id": APP_ID, "redirect_uri": CALLBACK},
        timeout=10,
    )
    page.encoding = "utf-8"
    assert "UBND xã Cần Đước (mô phỏng)" in page.text
    assert f'value="{BUSINESS}"' in page.text


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"app_id": "1"}, "-14002"),
        ({"redirect_uri": "https://evil.example.org/cb"}, "-14003"),
        ({"redirect_uri": f"{CALLBACK}?x=1"}, "-14003"),
        ({"decision": "deny"}, "-14012"),
    ],
)
def test_a_refused_consent_ends_on_the_error_page(
    zalo: Zalo, changes: dict[str, str], code: str
) -> None:
    location = permission(zalo, **changes).headers["Location"]
    assert location.endswith(f"/v4/permission/error?error_code={code}")
    page = requests.get(f"{zalo.url}{urlsplit(location).path}", timeout=10)
    assert page.status_code == 200


def test_a_code_works_once(zalo: Zalo) -> None:
    code = code_of(permission(zalo))
    assert "access_token" in by_code(zalo, code)
    assert by_code(zalo, code)["error"] == -14005


def test_a_code_lives_ten_minutes(zalo: Zalo) -> None:
    young, old = code_of(permission(zalo)), code_of(permission(zalo))
    zalo.wait(minutes=9.9)
    assert "access_token" in by_code(zalo, young)
    zalo.wait(minutes=0.2)
    assert by_code(zalo, old)["error"] == -14005


def test_pkce_binds_the_code_to_the_verifier(zalo: Zalo) -> None:
    verifier = "v" * 43
    digest = hashlib.sha256(verifier.encode()).digest()
    challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    code = code_of(permission(zalo, code_challenge=challenge))
    assert by_code(zalo, code)["error"] == -14019
    assert by_code(zalo, code, code_verifier="w" * 43)["error"] == -14019
    assert "access_token" in by_code(zalo, code, code_verifier=verifier)


def test_a_challenge_stored_in_the_console_overrules_the_request(zalo: Zalo) -> None:
    zalo.control("/app", {"stored_challenge": "fixed"})
    code = code_of(permission(zalo, code_challenge="another"))
    assert by_code(zalo, code, code_verifier="v" * 43)["error"] == -14019


@pytest.mark.parametrize(
    ("form", "secret", "code"),
    [
        ({"grant_type": "refresh_token", "app_id": "1"}, APP_SECRET, -14002),
        ({"grant_type": "refresh_token"}, "wrong", -14004),
        ({"grant_type": "password"}, APP_SECRET, -14018),
        ({"grant_type": "refresh_token"}, APP_SECRET, -14014),
    ],
)
def test_the_token_endpoint_names_what_is_wrong(
    zalo: Zalo, form: dict[str, str], secret: str, code: int
) -> None:
    answer = grant(zalo, secret, **form)
    assert answer["error"] == code
    assert set(answer) == {
        "error",
        "error_name",
        "error_description",
        "error_reason",
        "ref_doc",
    }


def test_a_refresh_rotates_and_reuse_is_minus_14014(zalo: Zalo) -> None:
    first = zalo.control(f"/accounts/{BUSINESS}/tokens", {})
    second = by_refresh(zalo, first["refresh_token"])
    assert second["refresh_token"] != first["refresh_token"]
    assert by_refresh(zalo, first["refresh_token"])["error"] == -14014
    assert "access_token" in by_refresh(zalo, second["refresh_token"])


@pytest.mark.parametrize(("kills", "code"), [(True, -220), (False, 0)])
def test_a_refresh_kills_the_old_access_token_by_switch(
    zalo: Zalo, kills: bool, code: int
) -> None:
    zalo.control("/app", {"kill_old_access_token": kills})
    pair = zalo.control(f"/accounts/{BUSINESS}/tokens", {})
    by_refresh(zalo, pair["refresh_token"])
    zalo.tokens[BUSINESS] = pair["access_token"]
    assert zalo.get(GETOA)["error"] == code


def test_a_refresh_token_lives_three_months(zalo: Zalo) -> None:
    first = zalo.control(f"/accounts/{BUSINESS}/tokens", {})
    second = zalo.control(f"/accounts/{BUSINESS}/tokens", {})
    zalo.wait(days=89)
    assert "access_token" in by_refresh(zalo, first["refresh_token"])
    zalo.wait(days=2)
    assert by_refresh(zalo, second["refresh_token"])["error"] == -14014


def test_two_refreshes_at_once_succeed_only_once(zalo: Zalo) -> None:
    token = zalo.control(f"/accounts/{BUSINESS}/tokens", {})["refresh_token"]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: by_refresh(zalo, token), range(8)))
    assert sum("access_token" in answer for answer in answers) == 1


def test_no_token_or_secret_appears_in_the_call_log(zalo: Zalo) -> None:
    pair = zalo.control(f"/accounts/{BUSINESS}/tokens", {})
    zalo.control("/logs", method="DELETE")
    new = by_refresh(zalo, pair["refresh_token"])
    zalo.get(GETOA)
    log = json.dumps(zalo.control("/calls"))
    secrets = [pair["refresh_token"], new["access_token"], new["refresh_token"]]
    for secret in [*secrets, APP_SECRET, zalo.tokens[BUSINESS]]:
        assert secret not in log
    assert "refresh_token=" in log


# Faults


def fault(zalo: Zalo, kind: str, **more: Any) -> None:
    zalo.control("/faults", {"kind": kind, "times": 1} | more)


def delivered(zalo: Zalo) -> int:
    count = zalo.control("/ledger")["delivered"]
    assert isinstance(count, int)
    return count


def raw_send(zalo: Zalo, timeout: float = 5) -> requests.Response:
    body = {"recipient": {"user_id": HOA_AT_BUSINESS}, "message": {"text": "chào"}}
    return requests.post(
        zalo.url + CS,
        json=body,
        headers={"access_token": zalo.tokens[BUSINESS]},
        timeout=timeout,
    )


def test_http_500_delivers_nothing_and_is_used_up(zalo: Zalo) -> None:
    fault(zalo, "http_500")
    assert raw_send(zalo).status_code == 500
    assert delivered(zalo) == 0
    assert raw_send(zalo).json()["error"] == 0


def test_broken_json_delivers(zalo: Zalo) -> None:
    fault(zalo, "broken_json")
    response = raw_send(zalo)
    assert response.status_code == 200
    with pytest.raises(requests.JSONDecodeError):
        response.json()
    assert delivered(zalo) == 1


@pytest.mark.parametrize(("kind", "count"), [("error", 0), ("error_but_delivered", 1)])
def test_an_error_may_or_may_not_have_delivered(
    zalo: Zalo, kind: str, count: int
) -> None:
    fault(zalo, kind, code=-200)
    assert raw_send(zalo).json() == {"error": -200, "message": "Send message failed"}
    assert delivered(zalo) == count


@pytest.mark.parametrize(("kind", "count"), [("cut", 0), ("cut_after_delivery", 1)])
def test_a_cut_connection_may_or_may_not_have_delivered(
    zalo: Zalo, kind: str, count: int
) -> None:
    fault(zalo, kind)
    with pytest.raises(requests.ConnectionError):
        raw_send(zalo)
    assert delivered(zalo) == count


@pytest.mark.parametrize(("kind", "count"), [("hang", 0), ("hang_after_delivery", 1)])
def test_a_hanging_call_runs_into_the_time_out(
    zalo: Zalo, kind: str, count: int
) -> None:
    fault(zalo, kind, seconds=0.5)
    with pytest.raises(requests.ReadTimeout):
        raw_send(zalo, timeout=0.1)
    assert delivered(zalo) == count


def test_a_rate_limit_fault_is_minus_32(zalo: Zalo) -> None:
    fault(zalo, "rate_limit")
    assert raw_send(zalo).json()["error"] == -32


def test_latency_slows_a_call_that_then_works(zalo: Zalo) -> None:
    fault(zalo, "latency", ms=150)
    started = time.monotonic()
    assert raw_send(zalo).json()["error"] == 0
    assert time.monotonic() - started >= 0.15


def test_faults_are_used_in_order_and_a_standing_one_stays(zalo: Zalo) -> None:
    fault(zalo, "error", code=-201)
    zalo.control("/faults", {"kind": "error", "code": -211})
    codes = [raw_send(zalo).json()["error"] for _ in range(3)]
    assert codes == [-201, -211, -211]
    zalo.control("/faults", method="DELETE")
    assert raw_send(zalo).json()["error"] == 0


def test_a_fault_can_be_for_one_person_and_path(zalo: Zalo) -> None:
    zalo.control("/faults", {"kind": "error", "person": "ba-tam"})
    zalo.control("/faults", {"kind": "error", "path": "/getoa"})
    assert raw_send(zalo).json()["error"] == 0
    assert zalo.get(GETOA)["error"] == -200


def test_a_fault_can_hit_the_token_endpoint_after_the_rotation(zalo: Zalo) -> None:
    pair = zalo.control(f"/accounts/{BUSINESS}/tokens", {})
    fault(zalo, "cut_after_delivery", path="/oauth")
    with pytest.raises(requests.ConnectionError):
        by_refresh(zalo, pair["refresh_token"])
    assert by_refresh(zalo, pair["refresh_token"])["error"] == -14014


def test_an_unknown_fault_is_refused_with_the_known_kinds(zalo: Zalo) -> None:
    response = requests.post(
        f"{zalo.url}/control/faults", json={"kind": "flood"}, timeout=10
    )
    assert response.status_code == 400
    assert "cut_after_delivery" in response.json()["error"]
