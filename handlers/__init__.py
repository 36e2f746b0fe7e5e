"""One module per thing a person can ask; this file is the table that leads there.

Read it from the top: the first route that accepts the turn runs, the last accepts
everything. Handlers may import ``bot`` and ``models`` and each other's answers; never
``scheduler``, ``dashboard``, ``simulator`` or ``app``.
"""

from __future__ import annotations

from bot.channel.event_kinds import EventKind
from bot.conversation.turn import Route
from handlers import (
    documents,
    handover,
    media,
    menu,
    privacy,
    procedures,
    receipts,
    search,
    topics,
    units,
)
from handlers.conditions import (
    anything,
    attachment,
    chose_something,
    command,
    event,
    has_attachment,
    has_text,
    is_silenced,
)

ROUTES = (
    # what Zalo reports
    Route("receipt.delivered", event(EventKind.RECEIVED), receipts.delivered),
    Route("receipt.seen", event(EventKind.SEEN), receipts.seen),
    Route("receipt.echo", event(EventKind.OWN_ECHO), receipts.echo),
    Route("handover.official", event(EventKind.ADMIN_MESSAGE), handover.took_over),
    Route("lifecycle.unfollow", event(EventKind.UNFOLLOW), menu.say_nothing),
    Route("lifecycle.reaction", event(EventKind.REACTION), menu.say_nothing),
    Route("lifecycle.withdraw", event(EventKind.WITHDRAW), privacy.erase),
    Route("lifecycle.follow", event(EventKind.FOLLOW, EventKind.CHATNOW), menu.greet),
    Route("lifecycle.info", event(EventKind.SUBMIT_INFO), media.submitted_info),
    # always heard, also while an official is answering
    Route("privacy.stop", command("stop"), privacy.stop_news),
    Route("privacy.erase", command("erase"), privacy.erase),
    Route("menu.show", command("menu"), menu.show),
    Route("handover.silent", is_silenced, menu.say_nothing),
    # chosen by number, button or word
    Route("privacy.explain", command("privacy"), privacy.explain),
    Route("privacy.agree", command("agree"), privacy.agree),
    Route("privacy.refuse", command("refuse"), privacy.refuse),
    Route("handover.person", command("person"), handover.ask_for_person),
    Route("procedures.groups", command("groups"), procedures.groups),
    Route("procedures.group", command("group"), procedures.group),
    Route("procedures.show", command("service"), procedures.show),
    Route("procedures.aspect", command(*procedures.ASPECTS), procedures.show_aspect),
    Route("documents.browse", command("documents"), documents.browse),
    Route("documents.facet", command("documents_by"), documents.by_facet),
    Route("documents.list", command("documents_in"), documents.in_facet),
    Route("documents.show", command("document"), documents.show),
    Route("documents.source", command("document_source"), documents.show_source),
    Route("units.desk", command("desk"), units.desk),
    Route("units.choose", command("choose_commune"), units.ask_commune),
    Route("units.mine", command("my_commune"), units.set_mine),
    Route("units.show", command("unit"), units.show),
    Route("topics.dossier", command("dossier"), topics.dossier),
    Route("topics.show", command("topic"), topics.show),
    Route("search.more", command("more_choices"), search.more_choices),
    Route("menu.no_more", command("no_more"), menu.no_more),
    Route("menu.no_such_number", command("no_such_number"), menu.no_such_number),
    Route("menu.hello", command("hello"), menu.hello),
    Route("menu.thanks", command("thanks"), menu.thanks),
    Route("menu.unknown", chose_something, menu.unknown_command),
    # not words
    Route("media.location", attachment("location"), media.place),
    Route("media.other", has_attachment, media.something),
    # free text
    Route("search", has_text, search.answer),
    Route("fallback", anything, menu.say_nothing),
)
