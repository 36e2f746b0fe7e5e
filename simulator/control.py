"""The control API: what the chat page and the tests do to the fake Zalo.

Test-only by nature: it invents people, moves the clock and breaks things. It exists
only where this package is mounted, which a product configuration never does.

All paths are below ``/control`` of the mounted application. Bodies and answers are
JSON (UTF-8); ``upload`` takes multipart. A refused request answers 400, 404 or 409
with ``{"error": "what to do"}`` in English. Ids are strings. ``at`` is ISO 8601 with
the offset +07:00, ``at_ms`` milliseconds since 1970; both follow the movable clock.

**Polling.** One sequence number counts every change (bubbles, calls, deliveries).
A poller keeps the ``seq`` of the last answer and sends it back as ``?since=``; without
``since`` the newest rows come (``limit``, default 200, at most 2000). Nothing new is a
short answer with an empty list. A bubble comes again, with a higher ``seq``, whenever
it changes (received, seen, reaction): replace it by ``message_id``.

    GET  /changes?since=N[&oa_id=&chat=]
         {"seq", "changed": bool, "chat_changed": bool, "clock": {…}, "webhook_enabled": bool}
         the cheapest poll: ask it first, fetch the feeds below only when they changed

Cast
    GET  /accounts                    {"accounts": [ACCOUNT]}
    POST /accounts                    {"name", "kind": "business"|"government", …}  201 ACCOUNT
    GET  /accounts/OA                 ACCOUNT
    POST /accounts/OA                 {switch: value, …} changes the switches below; ACCOUNT
    GET  /people                      {"people": [PERSON]}
    POST /people                      {"display_name", "key"?, "phone"?, "note"?, "avatar"?,
                                       "role"?, "age"?, "follows": [oa_id, …]?}  201 PERSON
                                      (``follows`` sets up the state silently, no event)
    GET  /people/KEY                  PERSON
    POST /people/KEY                  {"display_name"?, "phone"?, "note"?, "age"?, "role"?,
                                       "inactive"?: bool (45 days offline → -227),
                                       "auto_seen"?: bool, "no_zalo"?: bool,
                                       "refuses_templates"?: bool}  PERSON

    ACCOUNT = {"oa_id", "name", "alias", "description", "kind", "avatar", "num_follower",
               "switches": {…}, "tokens": {"access_expires_at", "refresh_expires_at"}|null}
    PERSON  = {"key", "display_name", "note", "role", "age", "phone", "avatar",
               "user_id_by_app", "inactive", "auto_seen", "no_zalo", "refuses_templates",
               "accounts": {oa_id: {"user_id", "follows", "blocked", "refused_kinds",
                 "tags", "alias", "shared_info", "last_interaction_at", "window":
                 "free"|"paid"|"closed"|"never", "unread", "asked_for_info"}}}

    Switches of an account (section in brackets: Zalo's contract as we know it)
      kind "business"|"government" · generation "by_kind"|"v2_only"|"v3_only"|"both"|"none"
      refuse_interactive bool (buttons, lists, forms on v2 → -233) · refuse_lists (also v3)
      refuse_v3_users · v2_profile_wants_number · send_needs_follow (-213)
      legacy_replies (-305 after 48 h, -311 after 8 replies, on v2) · strict_welcome
      (4th message to a silent follower → -232) · reply_counters ("8" of "8" in answers)
      verified (-221) · package "basic"|"trial"|"advanced"|"premium" (-224, broadcasts)
      status "active"|"disabled"|"deleted" (-204, -205) · granted (-223)
      sub_quota_total, sub_quota_left (48 h to 7 d) · cloud_linked (-320) · cloud_money_vnd
      (-321) · promotion_daily, promotion_monthly (-218) · old_templates_open (-233)
      uploads_left (-211) · accept_xlsx · single_use_assets (-241)
      articles_left (-223) · article_media_fails (-200)
      phone_quota_daily, phone_quota_left (-144) · phone_money_vnd (-137) · phone_night (-133)
      sending_mode_3 · group_event_style "plain"|"react" · banned_words [str] (-248)

Chats: CHAT is a person's KEY or user id, a group id, or an anonymous id
    GET  /chats/OA                    {"seq", "chats": [{"chat_id", "kind": "person"|"group"|
                                       "anonymous", "person", "name", "last": BUBBLE|null,
                                       "unread"}]} newest first
    GET  /chats/OA/CHAT?since=N       {"seq", "bubbles": [BUBBLE]} oldest first
    POST /chats/OA/CHAT/say           one of {"text", "quote"?: message_id} ·
                                      {"sticker": id} · {"location": {"latitude", "longitude"}} ·
                                      {"business_card": {"name", "phone"}} ·
                                      {"link": {"url", "description"?, "thumbnail"?}, "text"?} ·
                                      {"gif": url} · {"image": url, "text"?} ·
                                      {"audio": url} · {"video": url} · {"file": {"url", "name",
                                      "size"?}}; in a group also "person": KEY (who speaks)
    POST /chats/OA/CHAT/upload        multipart: file, text?, kind? (image, gif, audio, video,
                                      file; guessed from the name and type otherwise), person?
    POST /chats/OA/CHAT/press         {"message_id", "button": index} or {"message_id",
                                      "element": index}. Query buttons come back to the bot as
                                      user_send_text with the payload (query.hide shows no
                                      bubble). Answer {"pressed": type, "open": url|phone|sms|
                                      null, "message_id": id|null}
    POST /chats/OA/CHAT/follow        {"source"?}     POST …/unfollow    {}
    POST /chats/OA/CHAT/chatnow       {} the chat button of a person who never wrote
    POST /chats/OA/CHAT/react         {"message_id", "icon"}
    POST /chats/OA/CHAT/submit_info   {"name", "phone", "user_dob"?, "gender"?, "user_city"?,
                                       "user_ward"?, "user_address"?, "legacy"?: bool,
                                       "force"?: bool}; 409 unless the OA asked or force
    POST /chats/OA/CHAT/seen          {} marks everything seen: user_seen_message, once
    POST /chats/OA/CHAT/withdraw      {} asks the OA to erase the data: user_withdraw
    POST /chats/OA/CHAT/block         {"kinds"?: ["text", "image", "template", …]}: those kinds
                                      (-244), or everything (-217)        POST …/unblock {}
    POST /chats/OA/CHAT/interacted    {"hours_ago": float|null} moves the window silently
    POST /chats/OA/CHAT/admin_say     {"text", "admin_id"?, "quote"?}: an official types in the
                                      OA console: oa_send_text with sender.admin_id

    Every POST answers {"seq", "message_id"?: id, …} with 201.

    BUBBLE = {"seq", "message_id", "oa_id", "chat_id", "from": "person"|"oa"|"admin"|"system",
      "person": KEY|null, "admin_id": str|null, "api": "v2"|"v3"|"phone"|"broadcast"|null,
      "kind": "text"|"image"|"gif"|"sticker"|"file"|"audio"|"video"|"location"|"link"|
              "business_card"|"list"|"request_user_info"|"template"|"article"|"event",
      "event": "follow"|"unfollow"|"chatnow"|"submit_info"|"withdraw"|group event|null,
      "text", "buttons": [{"title", "type", "payload"}],
      "elements": [{"title", "subtitle", "image_url", "default_action"}],
      "attachments": [{"kind", "url"?, "thumbnail"?, "name"?, "size"?, "type"?, "id"?,
                       "latitude"?, "longitude"?, "description"?, "phone"?}],
      "quote": {"message_id", "from", "kind", "text"}|null,
      "reactions": [{"by": "oa"|"person", "icon"}], "quota_type": str|null,
      "at", "at_ms", "state": "sent"|"received"|"seen"}
      ``state`` of an OA's message: on the person's phone; of a person's message: received =
      the webhook answered 200.

Groups and anonymous visitors
    GET  /groups?oa_id=OA             {"groups": [{"group_id", "oa_id", "name", "members":
                                       [KEY], "admins": [KEY], "pending": [KEY], "status"}]}
    POST /groups                      {"oa_id", "name", "people": [KEY]}  201 GROUP + event
    POST /groups/GROUP/event          {"event": "user_join_group"|"user_request_join_group"|
                                       "user_out_group"|"add_group_admin"|"remove_group_admin"|
                                       "update_group_info"|"delete_group", "people": [KEY]}
    POST /groups/GROUP                {"status": "enabled"|"disabled", "oa_member": bool}
    POST /anonymous/OA                {"name"?} 201 {"anonymous_id", "conversation_id"}; speaks
                                      through /chats/OA/ANONYMOUS_ID/say (text, image, file,
                                      sticker) and /upload

Articles and phone templates (as if made in the console)
    POST /accounts/OA/articles        {"title", "description"?, "status"?, "type"?, "body"?,
                                       "at"?: ISO} 201 {"id", "link_view"}
    POST /accounts/OA/templates       {"template_id", "name", "params": [{"name", "require"?,
                                       "max_length"?}], "tag"?, "status"?, "by_user_id"?: bool,
                                       "price"?} 201
    POST /phone/MSG_ID/feedback       {"rate", "note"?, "feedbacks"?} user_feedback (ZNS)

Tokens and consent
    POST /accounts/OA/tokens          201 {"access_token", "refresh_token", "expires_in"}
    POST /accounts/OA/tokens/expire   {"which": "access"|"refresh"|"both"}
    POST /app                         {"active"?, "removed"?, "product_registered"?,
                                       "callback_url"?, "stored_challenge"?, "proof_required"?,
                                       "kill_old_access_token"?, "rate_limit_per_minute"?,
                                       "article_rate_limit_per_minute"?}; GET shows them

Logs (side panel); the newest 5000 rows are kept, the oldest are dropped
    GET  /webhooks?since=N[&oa_id=&person=KEY&limit=]
         {"seq", "deliveries": [{"seq", "id", "at", "at_ms", "oa_id", "person", "chat_id",
           "event_name", "attempt": 1…6, "url", "headers": {…}, "body": text, "status":
           int|null, "ms", "outcome": "ok"|"refused"|"timeout"|"unreachable"|"dropped"}]}
    GET  /calls?since=N[&oa_id=&person=KEY&limit=]
         {"seq", "calls": [{"seq", "at", "at_ms", "oa_id", "person", "chat_id", "surface":
           "openapi"|"business"|"oauth", "method", "path", "query", "headers": {…token cut…},
           "body": text, "status", "answer": text, "error": int|null, "ms", "fault": str|null}]}
    DELETE /logs                      forgets both

Faults: first match in order of entry wins; latency adds to whatever follows
    GET  /faults                      {"faults": [FAULT], "kinds": [str]}
    POST /faults                      {"kind", "times": n|null (standing), "path"?: part of the
                                       path, "oa_id"?, "person"?: KEY, "seconds"?, "ms"?,
                                       "code"?, "message"?} 201 FAULT (with "id", "used")
    DELETE /faults/ID                 DELETE /faults
    kinds: "http_500" · "hang" (seconds, then 504, nothing done) · "hang_after_delivery" ·
      "broken_json" (done, answer unreadable) · "error" (code, message) ·
      "error_but_delivered" (code, default -200) · "cut" (connection closed, nothing done) ·
      "cut_after_delivery" · "latency" (ms) · "rate_limit" (-32)

Webhook
    GET  /webhook                     {"enabled", "url", "pending", "repeats", "dropped",
                                       "options": {…}}
    POST /webhook                     {"enabled"?, "duplicate"?: copies, "reorder"?: bool,
                                       "delay_seconds"?, "bad_signature"?, "bare_signature"?
                                       (no "mac="), "url"? (loopback)}
    POST /webhook/inject              {"kind": "test_ping"|"unknown_event"|"foreign_oa"} or
                                      {"kind": "raw", "body": object|text, "server"?: "ZNS"}
                                      (a raw text is sent and signed byte for byte)
    POST /settle                      {"seconds"?: 5} waits until nothing is due now:
                                      {"settled": bool, "repeats": waiting for the clock}

Clock
    GET  /clock                       {"now", "now_ms", "offset_seconds"}
    POST /clock                       {"move_seconds": n} or {"set": ISO 8601 with offset}
    DELETE /clock                     back to the real time

Ledger: what really reached whom, the judge of crash tests; complete, never cut
    GET  /ledger[?oa_id=&person=&since=&limit=]
         {"seq", "delivered": n, "rows": [{"seq", "message_id", "oa_id", "chat_id", "person",
           "kind", "text", "api", "quota_type", "tracking_id", "at", "at_ms"}]}
    GET  /ledger/counts[?oa_id=&text=part]
         {"delivered", "recipients", "distinct", "duplicated": [{"oa_id", "chat_id", "person",
           "text", "kind", "times"}], "by_recipient": {"OA/CHAT": n}}

    POST /reset                       {"everything"?: false} forgets chats, articles, logs, faults,
                                      webhook options, pending events, clock offset; the cast and
                                      the tokens stay, unless everything
"""

from __future__ import annotations

from flask import Blueprint

from simulator.control_cast import cast
from simulator.control_chat import chat
from simulator.control_common import add_refusals
from simulator.control_levers import levers


def control_blueprint() -> Blueprint:
    """All control routes as one blueprint."""
    control = Blueprint("control", __name__)
    for part in (cast, chat, levers):
        control.register_blueprint(part)
    add_refusals(control)
    return control
