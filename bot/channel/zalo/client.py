"""The calls of Zalo's OA OpenAPI that the bot makes. Keeps no state and no token.

https://developers.zalo.me/docs/official-account (read through mirrors, 2026-09).

Two message endpoints exist. Business accounts take ``/v3.0/oa/message/cs`` and answer -240
on the old one; government accounts take ``/v2.0/oa/message`` and answer -235 on the new
one, with the same body. Exactly these two answers, which mean that nothing was sent, lead
to one repetition on the other endpoint; the result says which one understood us, and the
caller remembers it. Any other failure never reaches a second endpoint: the first message
may have been delivered.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import requests

from bot.channel.zalo.answers import (
    AccountInfo,
    GroupInfo,
    HistoryItem,
    MessageQuota,
    SentMessage,
    TokenPair,
    UserProfile,
    as_object,
    history_item_from,
    instant,
    profile_from,
    quota_from,
    text_or_none,
    token_life,
)
from bot.channel.zalo.articles import (
    PAGE,
    Article,
    ArticleKind,
    ArticlePage,
    NewArticle,
    article_from,
    page_from,
)
from bot.channel.zalo.errors import (
    Action,
    Call,
    OutcomeUnknown,
    Surface,
    ZaloError,
    ZaloFailure,
)
from bot.channel.zalo.messages import (
    FILE_BYTES_LIMIT,
    FILE_ENDINGS,
    GIF_BYTES_LIMIT,
    GIF_ENDINGS,
    IMAGE_BYTES_LIMIT,
    IMAGE_ENDINGS,
    Button,
    Json,
    check_upload,
    file_message,
    gif_message,
    image_message,
    text_message,
)
from bot.channel.zalo.transport import TIMEOUTS_SECONDS, Answer, Request, Transport
from bot.settings import Settings
from models import ApiGeneration

_ENDPOINTS = {
    ApiGeneration.V3: "/v3.0/oa/message/cs",
    ApiGeneration.V2: "/v2.0/oa/message",
}
# A group is written to elsewhere, with the same body but for the recipient.
_GROUP_ENDPOINTS = {
    ApiGeneration.V3: "/v3.0/oa/group/message",
    ApiGeneration.V2: "/v2.0/oa/message",
}
_OTHER = {
    ApiGeneration.V3: (Action.SWITCH_TO_V2, ApiGeneration.V2),
    ApiGeneration.V2: (Action.SWITCH_TO_V3, ApiGeneration.V3),
}
HISTORY_PAGE = 10  # more is refused with -210
GROUP_PAGE, MOST_GROUPS = 50, 500  # the documented default is 5; no account has so many


class ZaloClient:
    """Every call takes the access token; one object serves all accounts and threads."""

    def __init__(
        self,
        openapi_url: str,
        oauth_url: str,
        session_factory: Callable[[], requests.Session] = requests.Session,
        timeouts: tuple[float, float] = TIMEOUTS_SECONDS,
        business_url: str = "",
    ) -> None:
        self._business_url = business_url.rstrip("/")
        self._openapi_url = openapi_url.rstrip("/")
        self._oauth_url = oauth_url.rstrip("/")
        self._transport = Transport(session_factory, timeouts)

    @classmethod
    def from_settings(cls, settings: Settings) -> ZaloClient:
        return cls(
            settings.zalo_openapi_url,
            settings.zalo_oauth_url,
            business_url=settings.zalo_business_url,
        )

    def close(self) -> None:
        self._transport.close()

    # --- messages -------------------------------------------------------------------

    def send_text(
        self,
        token: str,
        user_id: str,
        text: str,
        *,
        buttons: Sequence[Button] = (),
        quote_message_id: str | None = None,
        generation: ApiGeneration = ApiGeneration.AUTO,
        is_group: bool = False,
    ) -> SentMessage:
        message = text_message(text, buttons, quote_message_id)
        return self._send(token, user_id, message, generation, is_group)

    def send_image(
        self,
        token: str,
        user_id: str,
        *,
        url: str | None = None,
        attachment_id: str | None = None,
        caption: str = "",
        generation: ApiGeneration = ApiGeneration.AUTO,
        is_group: bool = False,
    ) -> SentMessage:
        message = image_message(url=url, attachment_id=attachment_id, caption=caption)
        return self._send(token, user_id, message, generation, is_group)

    def send_gif(
        self,
        token: str,
        user_id: str,
        attachment_id: str,
        *,
        width: int,
        height: int,
        caption: str = "",
        generation: ApiGeneration = ApiGeneration.AUTO,
        is_group: bool = False,
    ) -> SentMessage:
        message = gif_message(attachment_id, width, height, caption)
        return self._send(token, user_id, message, generation, is_group)

    def send_file(
        self,
        token: str,
        user_id: str,
        file_token: str,
        *,
        generation: ApiGeneration = ApiGeneration.AUTO,
        is_group: bool = False,
    ) -> SentMessage:
        return self._send(
            token, user_id, file_message(file_token), generation, is_group
        )

    def send_template(
        self,
        token: str,
        phone: str,
        template_id: str,
        data: Mapping[str, str],
        tracking_id: str,
        generation: ApiGeneration = ApiGeneration.AUTO,
    ) -> SentMessage:
        """An approved template to a number ("84…"); it comes back in the receipt's
        ``tracking_id``. ``generation`` is handed back: chat endpoints are not touched."""
        endpoint = "/message/template"
        body = {
            "phone": phone,
            "template_id": template_id,
            "template_data": dict(data),
            "tracking_id": tracking_id,
        }
        answer = self._transport.call(
            Request(
                method="POST",
                url=self._business_url + endpoint,
                endpoint=endpoint,
                surface=Surface.PHONE,
                has_effect=True,
                headers={"access_token": token},
                options={"json": body},
            )
        )
        sent = answer.data if isinstance(answer.data, dict) else {}
        return SentMessage(
            message_id=text_or_none(sent.get("msg_id")),
            sent_at=instant(sent.get("sent_time")),
            quota_type=None,
            generation=generation,
            rate_limit=None,
            rate_left=None,
            calls=(answer.call,),
        )

    def broadcast(
        self, token: str, article_id: str, targets: Mapping[str, Sequence[int]]
    ) -> str | None:
        """Hand an own article to Zalo for the followers whom the targets' codes describe;
        its id there. Zalo takes half an hour; both kinds of account take it on v2."""
        element = {"media_type": "article", "attachment_id": article_id}
        payload = {"template_type": "media", "elements": [element]}
        target = {
            name: ",".join(str(code) for code in codes)
            for name, codes in targets.items()
        }
        body = {
            "recipient": {"target": target},
            "message": {"attachment": {"type": "template", "payload": payload}},
        }
        answer = self._post("/v2.0/oa/message", token, json=body, has_effect=True)
        return text_or_none(as_object(answer.data).get("message_id"))

    def _send(
        self,
        token: str,
        to: str,
        message: Json,
        generation: ApiGeneration,
        is_group: bool,
    ) -> SentMessage:
        """Send on the known endpoint; once on the other if Zalo says it is that one."""
        recipient = {"group_id" if is_group else "user_id": to}
        body = {"recipient": recipient, "message": message}
        endpoints = _GROUP_ENDPOINTS if is_group else _ENDPOINTS
        first = generation if generation in _ENDPOINTS else ApiGeneration.V3
        switch, other = _OTHER[first]
        try:
            return self._send_on(first, endpoints[first], token, body)
        except ZaloError as refusal:
            if refusal.action != switch:
                raise
            earlier = tuple(refusal.calls)
        try:
            return self._send_on(other, endpoints[other], token, body, earlier)
        except ZaloFailure as failure:
            failure.calls = (*earlier, *failure.calls)
            if isinstance(failure, ZaloError) and failure.code is not None:
                refused_both = failure.action == _OTHER[other][0]
                failure.generation = None if refused_both else other
            raise

    def _send_on(
        self,
        generation: ApiGeneration,
        endpoint: str,
        token: str,
        body: Json,
        earlier: Sequence[Call] = (),
    ) -> SentMessage:
        answer = self._post(endpoint, token, json=body, has_effect=True)
        data = answer.data if isinstance(answer.data, dict) else {}
        quota = data.get("quota")
        return SentMessage(
            message_id=text_or_none(data.get("message_id")),
            sent_at=instant(data.get("sent_time")),
            quota_type=quota.get("quota_type") if isinstance(quota, dict) else None,
            generation=generation,
            rate_limit=answer.rate_limit,
            rate_left=answer.rate_left,
            calls=(*earlier, answer.call),
        )

    # --- tokens -----------------------------------------------------------------------

    def refresh(self, refresh_token: str, app_id: str, app_secret: str) -> TokenPair:
        """A new pair; the given refresh token is dead from then on.

        ``OutcomeUnknown`` means that it may be dead already and the new pair lost.
        """
        form = {
            "grant_type": "refresh_token",
            "refresh_token": refresh_token,
            "app_id": app_id,
        }
        return self._tokens(form, app_secret)

    def exchange_code(
        self, code: str, app_id: str, app_secret: str, code_verifier: str | None = None
    ) -> TokenPair:
        """The first pair after an administrator consented; a code works once."""
        form = {"grant_type": "authorization_code", "code": code, "app_id": app_id}
        if code_verifier:
            form["code_verifier"] = code_verifier
        return self._tokens(form, app_secret)

    def _tokens(self, form: Mapping[str, str], app_secret: str) -> TokenPair:
        endpoint = "/v4/oa/access_token"
        answer = self._transport.call(
            Request(
                method="POST",
                url=self._oauth_url + endpoint,
                endpoint=endpoint,
                surface=Surface.OAUTH,
                has_effect=True,
                headers={"secret_key": app_secret},
                options={"data": form},
            )
        )
        access = answer.body.get("access_token")
        refresh = answer.body.get("refresh_token")
        if not access or not refresh:
            raise OutcomeUnknown("token answer without tokens")
        return TokenPair(
            str(access), str(refresh), token_life(answer.body.get("expires_in"))
        )

    # --- reading ------------------------------------------------------------------------

    def account_info(self, token: str) -> AccountInfo:
        data = as_object(self._get("/v2.0/oa/getoa", token).data)
        kind = str(data.get("oa_type", ""))
        return AccountInfo(
            # documented as "oaid", live answers say "oa_id"
            oa_id=str(data.get("oa_id") or data.get("oaid") or ""),
            name=str(data.get("name") or ""),
            oa_type=int(kind) if kind.isdecimal() else None,
            is_verified=data.get("is_verified") is True,
            package_name=str(data.get("package_name") or ""),
            package_ends_on=str(data.get("package_valid_through_date") or ""),
        )

    def message_quotas(self, token: str) -> list[MessageQuota]:
        """Free messages of the account's package; the array is empty where there is none."""
        asked = {"quota_owner": "OA", "product_type": "cs", "quota_type": "sub_quota"}
        answer = self._post(
            "/v3.0/oa/quota/message", token, json=asked, has_effect=False
        )
        items = answer.data if isinstance(answer.data, list) else []
        quotas = (quota_from(item) for item in items if isinstance(item, dict))
        return [quota for quota in quotas if quota]

    def user_profile(self, token: str, user_id: str) -> UserProfile:
        """By v3; accounts that only know v2 are asked there, with the id as text and,
        as some of them want, as a number."""
        new, old = "/v3.0/oa/user/detail", "/v2.0/oa/getprofile"
        try:
            return profile_from(self._query(new, token, user_id=user_id).data)
        except ZaloError as error:
            if error.action not in (Action.SWITCH_TO_V2, Action.SWITCH_TO_V3):
                raise
        try:
            return profile_from(self._query(old, token, user_id=user_id).data)
        except ZaloError as error:
            if error.code != -201 or not user_id.isdecimal():
                raise
        return profile_from(self._query(old, token, user_id=int(user_id)).data)

    def conversation(
        self, token: str, user_id: str, *, offset: int = 0, count: int = HISTORY_PAGE
    ) -> list[HistoryItem]:
        """Messages with one person, newest first."""
        return self._history(
            "/v2.0/oa/conversation", token, user_id=user_id, offset=offset, count=count
        )

    def group_conversation(
        self, token: str, group_id: str, *, offset: int = 0, count: int = HISTORY_PAGE
    ) -> list[HistoryItem]:
        """Messages in a group, newest first; ordinary query parameters."""
        params = {"group_id": group_id, "offset": offset, "count": count}
        return _items(self._get("/v3.0/oa/group/conversation", token, params=params))

    def groups(self, token: str) -> list[GroupInfo]:
        """The groups the account is in, as far as Zalo lists them."""
        found: list[GroupInfo] = []
        while len(found) < MOST_GROUPS:
            params = {"offset": len(found), "count": GROUP_PAGE}
            answer = self._get("/v3.0/oa/group/getgroupsofoa", token, params=params)
            page = [
                GroupInfo(str(one["group_id"]), str(one.get("name") or ""))
                for one in as_object(answer.data).get("groups") or []
                if isinstance(one, dict) and one.get("group_id")
            ]
            found += page
            if len(page) < GROUP_PAGE:
                break
        return found

    def recent_chats(self, token: str, *, offset: int = 0) -> list[HistoryItem]:
        """The newest message with each person, newest first."""
        return self._history(
            "/v2.0/oa/listrecentchat", token, offset=offset, count=HISTORY_PAGE
        )

    def _history(self, endpoint: str, token: str, **data: object) -> list[HistoryItem]:
        return _items(self._query(endpoint, token, **data))

    # --- articles: ordinary query parameters ---------------------------------------------

    def articles(
        self,
        token: str,
        *,
        offset: int = 0,
        limit: int = PAGE,
        kind: ArticleKind = ArticleKind.NORMAL,
    ) -> ArticlePage:
        """One page of the account's own articles, the newest first, hidden ones too."""
        asked = {"offset": offset, "limit": limit, "type": kind.value}
        answer = self._get("/v2.0/article/getslice", token, params=asked)
        return page_from(as_object(answer.data).get("medias"), limit)

    def article(self, token: str, article_id: str) -> Article | None:
        """The whole article with the words of its body."""
        params = {"id": article_id}
        answer = self._get("/v2.0/article/getdetail", token, params=params)
        return article_from(answer.data)

    def create_article(self, token: str, article: NewArticle) -> str:
        """Hand it over; the token of the job that publishes it (``verify_article``)."""
        return self._article_job("/v2.0/article/create", token, article.to_zalo())

    def update_article(self, token: str, article_id: str, article: NewArticle) -> str:
        """The whole article again; the token of the job."""
        body = {"id": article_id, **article.to_zalo()}
        return self._article_job("/v2.0/article/update", token, body)

    def verify_article(self, token: str, job: str) -> str:
        """The article's id. Not yet there: ``Action.RETRY`` (-214); a picture could not be
        fetched: -200."""
        endpoint = "/v2.0/article/verify"
        answer = self._post(endpoint, token, json={"token": job}, has_effect=False)
        return _named(as_object(answer.data), "id")

    def remove_article(self, token: str, article_id: str) -> None:
        endpoint = "/v2.0/article/remove"
        self._post(endpoint, token, json={"id": article_id}, has_effect=True)

    def _article_job(self, endpoint: str, token: str, body: Json) -> str:
        answer = self._post(endpoint, token, json=body, has_effect=True)
        data = answer.data if isinstance(answer.data, dict) else {}
        job = text_or_none(data.get("token"))
        if job is None:  # it may have been taken: never repeated blindly
            raise OutcomeUnknown("article job without a token")
        return job

    # --- uploads ------------------------------------------------------------------------

    def upload_image(self, token: str, name: str, content: bytes) -> str:
        """The attachment id, valid for 7 days."""
        check_upload(name, content, IMAGE_ENDINGS, IMAGE_BYTES_LIMIT)
        return self._upload("/v2.0/oa/upload/image", token, name, content)

    def upload_gif(self, token: str, name: str, content: bytes) -> str:
        """The attachment id, valid for 7 days."""
        check_upload(name, content, GIF_ENDINGS, GIF_BYTES_LIMIT)
        return self._upload("/v2.0/oa/upload/gif", token, name, content)

    def upload_file(self, token: str, name: str, content: bytes) -> str:
        """The file token, valid for 7 days."""
        check_upload(name, content, FILE_ENDINGS, FILE_BYTES_LIMIT)
        return self._upload("/v2.0/oa/upload/file", token, name, content)

    def _upload(self, endpoint: str, token: str, name: str, content: bytes) -> str:
        # an upload reaches nobody: losing one and repeating it does no harm
        answer = self._post(
            endpoint, token, files={"file": (name, content)}, has_effect=False
        )
        data = as_object(answer.data)
        handle = data.get("attachment_id") or data.get("token")
        if not handle:
            raise ZaloError(Action.RETRY, None, "upload answer without an id")
        return str(handle)

    # --- the wire -----------------------------------------------------------------------

    def _post(
        self, endpoint: str, token: str, *, has_effect: bool, **options: Any
    ) -> Answer:
        return self._call("POST", endpoint, token, has_effect, options)

    def _get(self, endpoint: str, token: str, **options: Any) -> Answer:
        return self._call("GET", endpoint, token, False, options)

    def _query(self, endpoint: str, token: str, **data: object) -> Answer:
        """GET calls carry one parameter ``data`` that holds JSON."""
        return self._get(endpoint, token, params={"data": json.dumps(data)})

    def _call(
        self,
        method: str,
        endpoint: str,
        token: str,
        has_effect: bool,
        options: Mapping[str, Any],
    ) -> Answer:
        return self._transport.call(
            Request(
                method=method,
                url=self._openapi_url + endpoint,
                endpoint=endpoint,
                surface=Surface.OA,
                has_effect=has_effect,
                headers={"access_token": token},
                options=options,
            )
        )


def _items(answer: Answer) -> list[HistoryItem]:
    if not isinstance(answer.data, list):  # a bare array, unlike everything else
        raise ZaloError(Action.RETRY, None, "history without a list")
    items = (history_item_from(item) for item in answer.data if isinstance(item, dict))
    return [item for item in items if item]


def _named(data: Mapping[str, Any], name: str) -> str:
    value = text_or_none(data.get(name))
    if value is None:
        raise ZaloError(Action.RETRY, None, f"answer without {name}")
    return value
