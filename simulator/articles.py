"""Articles, the account's own news: created by a job, listed newest first.

Ordinary query parameters, not ``data``. Creating answers a token only; ``verify`` says
-214 for a few seconds and then the id, or -200 when a picture could not be fetched.
"""

from __future__ import annotations

import secrets
from typing import Any

from simulator.api import Call, Route
from simulator.records import Article, ArticleJob, JsonDict
from simulator.refusals import Refusal, invalid

LIST_LIMIT = 10
# Published limits; a text of exactly that length is refused in practice.
TITLE_LENGTH = 150
DESCRIPTION_LENGTH = 300
AUTHOR_LENGTH = 50
VIDEO_BYTES = 50 * 1024 * 1024
VIDEO_TYPES = ("mp4", "avi")
BODY_FIELDS = {"text": "content", "image": "url", "video": "url"}
BAD_TYPE = "type accept only 2 value normal and video."


def getslice(call: Call) -> JsonDict:
    """``GET getslice``: needs ``type``; at most 10 a page; shown and hidden ones."""
    kind = call.args.get("type")
    if kind not in ("normal", "video"):
        raise Refusal(-201, BAD_TYPE)
    offset = call.number(call.args, "offset", 0)
    limit = call.number(call.args, "limit", LIST_LIMIT)
    if limit > LIST_LIMIT:
        raise Refusal(-201, "maximum limit is 10")
    publish_ready(call)
    own = [
        article
        for article in call.sim.state.articles.values()
        if article.oa_id == call.account.oa_id and article.content["type"] == kind
    ]
    own.sort(key=lambda article: article.created, reverse=True)
    page = own[offset : offset + limit]
    return {"total": len(own), "medias": [list_item(call, item) for item in page]}


def list_item(call: Call, article: Article) -> JsonDict:
    """An article as the list shows it."""
    content = article.content
    base = call.sim.config.public_url.rstrip("/")
    return {
        "id": article.article_id,
        "type": content["type"],
        "title": content["title"],
        "status": content["status"],
        "total_view": article.views,
        "total_share": 0,
        "create_date": article.created,
        "update_date": article.updated,
        "thumb": (content.get("cover") or {}).get("photo_url", ""),
        "link_view": f"{base}/media/article/{article.article_id}",
    }


def getdetail(call: Call) -> JsonDict:
    """``GET getdetail``: the whole article."""
    article = article_of(call, call.args.get("id"))
    return article.content | {
        "id": article.article_id,
        "create_date": article.created,
        "total_view": article.views,
    }


def article_of(call: Call, article_id: Any) -> Article:
    """An article of this account; -201 otherwise."""
    article = call.sim.state.articles.get(str(article_id))
    if article is None or article.oa_id != call.account.oa_id:
        raise invalid("id")
    return article


def create(call: Call) -> JsonDict:
    """``POST create``: a job that publishes by itself when it is done."""
    content = content_of(call.body)
    if call.account.articles_left <= 0:
        raise Refusal(-223, "Your OA has reach the limit quota create article")
    call.account.articles_left -= 1
    return start_job(call, content, None)


def update(call: Call) -> JsonDict:
    """``POST update``: the whole article again, with its id."""
    article = article_of(call, call.body.get("id"))
    return start_job(call, content_of(call.body), article.article_id)


def start_job(call: Call, content: JsonDict, article_id: str | None) -> JsonDict:
    """Remember what is to be published in a few seconds."""
    ready = call.now + int(call.sim.config.article_seconds * 1000)
    token = secrets.token_urlsafe(24)
    job = ArticleJob(
        token, call.account.oa_id, ready, content, article_id, article_id is not None
    )
    call.sim.state.jobs[token] = job
    call.sim.state.touch()
    return {"token": token}


def content_of(body: JsonDict) -> JsonDict:
    """An article's fields, checked; the first wrong one is named."""
    kind = body.get("type")
    if kind not in ("normal", "video"):
        raise Refusal(-201, BAD_TYPE)
    check_length(body, "title", TITLE_LENGTH, needed=True)
    check_length(body, "description", DESCRIPTION_LENGTH, needed=kind == "video")
    content = {
        "type": kind,
        "title": body["title"],
        "author": body.get("author", ""),
        "description": body.get("description", ""),
        "status": shown(body, "status", "hide"),
        "comment": shown(body, "comment", "show"),
    }
    if kind == "video":
        if not body.get("video_id"):
            raise invalid("video_id")
        return content | {k: body.get(k, "") for k in ("video_id", "avatar")}
    return content | normal_fields(body)


def normal_fields(body: JsonDict) -> JsonDict:
    """Cover and body of a normal article."""
    check_length(body, "author", AUTHOR_LENGTH + 1, needed=False)
    cover = body.get("cover")
    if not isinstance(cover, dict) or not cover.get("photo_url"):
        raise Refusal(-201, "cover value is invalid")
    parts = body.get("body")
    if not isinstance(parts, list) or not parts:
        raise Refusal(-201, "body value is invalid")
    for part in parts:
        needed = (
            BODY_FIELDS.get(str(part.get("type"))) if isinstance(part, dict) else None
        )
        if needed is None or not part.get(needed):
            raise Refusal(-201, "body value is invalid")
    return {
        "cover": cover,
        "body": parts,
        "related_medias": body.get("related_medias", []),
        "tracking_link": body.get("tracking_link", ""),
    }


def check_length(body: JsonDict, field: str, limit: int, needed: bool) -> None:
    """Shorter than the limit, because exactly the limit is refused."""
    text = body.get(field, "")
    if not isinstance(text, str) or len(text) >= limit or (needed and not text):
        raise Refusal(-201, f"{field} allow 1 to {limit} characters")


def shown(body: JsonDict, field: str, default: str) -> str:
    """``show`` or ``hide``."""
    value = body.get(field, default)
    if value not in ("show", "hide"):
        raise Refusal(-201, f"{field} value is invalid")
    return str(value)


def verify(call: Call) -> JsonDict:
    """``POST verify``: the id once the job is done."""
    job = job_of(call, call.body.get("token"), is_video=False)
    if job.ready > call.now:
        raise Refusal(-214)
    if not is_publishable(call, job):
        raise Refusal(-200, "Upload media failed")
    publish_ready(call)
    return {"id": job.article_id}


def is_publishable(call: Call, job: ArticleJob) -> bool:
    """Whether Zalo could fetch the pictures."""
    return not call.account.article_media_fails and has_clean_pictures(job.content)


def publish_ready(call: Call) -> None:
    """Publish what is due, whether or not anybody asks for it with ``verify``."""
    for job in call.sim.state.jobs.values():
        is_open = not job.is_video and (job.article_id is None or job.is_update)
        is_due = job.oa_id == call.account.oa_id and job.ready <= call.now
        if is_open and is_due and is_publishable(call, job):
            publish(call, job)


def job_of(call: Call, token: Any, is_video: bool) -> ArticleJob:
    """A job of this account."""
    job = call.sim.state.jobs.get(str(token))
    if job is None or job.oa_id != call.account.oa_id or job.is_video != is_video:
        raise invalid("token")
    return job


def has_clean_pictures(content: JsonDict) -> bool:
    """Addresses must be percent-encoded: plain ASCII without blanks."""
    parts = content.get("body") or []
    urls = [part["url"] for part in parts if part.get("type") == "image"]
    urls.append((content.get("cover") or {}).get("photo_url", ""))
    return all(str(url).isascii() and " " not in str(url) for url in urls)


def publish(call: Call, job: ArticleJob) -> None:
    """Put the job's content into the account's news, once."""
    articles = call.sim.state.articles
    if job.is_update:
        article = articles.get(str(job.article_id))
        if article:  # not removed meanwhile
            article.content, article.updated = job.content, job.ready
        job.is_update = False
    else:
        job.article_id = secrets.token_hex(10)
        articles[job.article_id] = Article(
            job.article_id, job.oa_id, job.content, job.ready, job.ready
        )
    call.sim.state.touch()


def remove(call: Call) -> None:
    """``POST remove``."""
    article = article_of(call, call.body.get("id"))
    del call.sim.state.articles[article.article_id]
    call.sim.state.touch()


def prepare_video(call: Call) -> JsonDict:
    """``POST upload_video/preparevideo``: mp4 or avi up to 50 MB."""
    if call.upload is None or not call.upload[2]:
        raise invalid("file")
    name, _, content = call.upload
    if name.rpartition(".")[2].lower() not in VIDEO_TYPES:
        raise invalid("file")
    if len(content) > VIDEO_BYTES:
        raise Refusal(-210)
    answer = start_job(call, {"name": name, "size": len(content)}, None)
    call.sim.state.jobs[answer["token"]].is_video = True
    return answer


def verify_video(call: Call) -> JsonDict:
    """``GET upload_video/verify``: status 3 while converting, then 1."""
    job = job_of(call, call.args.get("token"), is_video=True)
    is_ready = job.ready <= call.now
    return {
        "status": 1 if is_ready else 3,
        "status_message": "",
        "convert_percent": 100 if is_ready else 50,
        "convert_error_code": 0,
        "video_id": f"vid-{job.token}" if is_ready else "",
        "video_name": job.content["name"],
        "video_size": job.content["size"],
    }


BASE = "/v2.0/article"
ROUTES = (
    Route("GET", f"{BASE}/getslice", getslice),
    Route("GET", f"{BASE}/getdetail", getdetail),
    Route("POST", f"{BASE}/create", create),
    Route("POST", f"{BASE}/update", update),
    Route("POST", f"{BASE}/verify", verify),
    Route("POST", f"{BASE}/remove", remove),
    Route("POST", f"{BASE}/upload_video/preparevideo", prepare_video),
    Route("GET", f"{BASE}/upload_video/verify", verify_video),
)
