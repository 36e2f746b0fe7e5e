"""One module per thing a person can ask; this file is the table that leads there.

Read it from the top: the first route that accepts the turn runs, the last accepts
everything. Handlers may import ``bot`` and ``models`` and each other's answers; never
``scheduler``, ``dashboard``, ``simulator`` or ``app``.
"""

from __future__ import annotations

from bot.channel.event_kinds import EventKind
from bot.conversation import dialogs
from bot.conversation.dialogs import in_dialog
from bot.conversation.turn import Route
from handlers import (
    absence,
    colleagues,
    control_panel,
    credits,
    digest_groups,
    documents,
    following,
    handover,
    inviting,
    leaving,
    media,
    menu,
    officials,
    privacy,
    procedures,
    receipts,
    reminding,
    removing,
    search,
    surveys,
    topics,
    units,
    yearly,
)
from handlers.articles import approving, managing, posting
from handlers.campaigns import composing, overview
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
from handlers.feedback import emergencies, own, reporting
from handlers.proofs import (
    closing_period,
    correcting,
    exempting,
    groups,
    own_table,
    picking,
    reviewing,
    submitting,
)

ROUTES = (
    # what Zalo reports
    Route("receipt.delivered", event(EventKind.RECEIVED), receipts.delivered),
    Route("receipt.seen", event(EventKind.SEEN), receipts.seen),
    Route("receipt.echo", event(EventKind.OWN_ECHO), receipts.echo),
    Route("handover.official", event(EventKind.ADMIN_MESSAGE), handover.took_over),
    Route("groups.digests", digest_groups.asks, digest_groups.tie),
    Route("groups.listen", event(EventKind.GROUP), groups.listen),
    Route("lifecycle.unfollow", event(EventKind.UNFOLLOW), menu.say_nothing),
    Route("lifecycle.reaction", event(EventKind.REACTION), menu.say_nothing),
    Route("lifecycle.withdraw", event(EventKind.WITHDRAW), privacy.erase),
    Route("lifecycle.follow", event(EventKind.FOLLOW, EventKind.CHATNOW), menu.greet),
    Route("lifecycle.info", event(EventKind.SUBMIT_INFO), media.submitted_info),
    # a cry for help, whatever else goes on
    Route("emergency", emergencies.is_one, emergencies.answer),
    # "thôi" in the middle of a survey keeps what was answered
    Route("surveys.pause", surveys.pauses, surveys.pause),
    # a dialog in progress: "hủy" stops it, and means nothing else there
    Route("dialog.cancel", dialogs.asks_to_cancel, dialogs.cancel),
    # always heard, also while an official is answering
    Route("privacy.stop", command("stop"), privacy.stop_news),
    Route("privacy.erase", command("erase"), privacy.erase),
    Route("menu.show", command("menu"), menu.show),
    Route("officials.join", officials.brings_code, officials.join),
    Route("proofs.receive", submitting.brings_proof, submitting.receive),
    Route("handover.silent", is_silenced, menu.say_nothing),
    # a step of the dialog in progress
    Route("inviting.step", in_dialog(inviting.INVITING), inviting.INVITING.advance),
    Route("leaving.step", in_dialog(leaving.LEAVING), leaving.LEAVING.advance),
    Route("removing.step", in_dialog(removing.REMOVING), removing.REMOVING.advance),
    Route("colleagues.step", in_dialog(colleagues.LISTING), colleagues.LISTING.advance),
    Route(
        "proofs.which", in_dialog(submitting.SUBMITTING), submitting.SUBMITTING.advance
    ),
    Route("proofs.picking", in_dialog(picking.PICKING), picking.PICKING.advance),
    Route(
        "proofs.correcting",
        in_dialog(correcting.CORRECTING),
        correcting.CORRECTING.advance,
    ),
    Route("proofs.table", in_dialog(own_table.OWN_TABLE), own_table.OWN_TABLE.advance),
    Route("proofs.review", in_dialog(reviewing.REVIEWING), reviewing.REVIEWING.advance),
    Route(
        "proofs.closing",
        in_dialog(closing_period.CLOSING),
        closing_period.CLOSING.advance,
    ),
    Route(
        "proofs.exempting", in_dialog(exempting.EXEMPTING), exempting.EXEMPTING.advance
    ),
    Route(
        "campaigns.step", in_dialog(composing.COMPOSING), composing.COMPOSING.advance
    ),
    Route("articles.posting", in_dialog(posting.POSTING), posting.POSTING.advance),
    Route(
        "articles.approving",
        in_dialog(approving.APPROVING),
        approving.APPROVING.advance,
    ),
    Route("articles.managing", in_dialog(managing.MANAGING), managing.MANAGING.advance),
    Route(
        "reminding.step", in_dialog(reminding.REMINDING), reminding.REMINDING.advance
    ),
    Route("feedback.step", in_dialog(reporting.REPORTING), reporting.REPORTING.advance),
    Route("surveys.step", in_dialog(surveys.SURVEYING), surveys.SURVEYING.advance),
    Route("feedback.again", in_dialog(own.REOPENING), own.REOPENING.advance),
    Route("dialog.unknown", dialogs.in_any_dialog, dialogs.outdated),
    Route("dialog.over", command(dialogs.ANSWER), dialogs.outdated),
    Route("dialog.none", command("cancel"), dialogs.nothing_to_cancel),
    # what was credited by itself
    Route("credits.refuse", credits.refuses, credits.refuse),
    Route("credits.restore", credits.restores, credits.restore),
    # chosen by number, button or word
    Route("privacy.explain", command("privacy"), privacy.explain),
    Route("privacy.agree", command("agree"), privacy.agree),
    Route("privacy.refuse", command("refuse"), privacy.refuse),
    Route("officials.help", command("official_help"), officials.show_help),
    Route("officials.himself", command("who_am_i"), officials.who_am_i),
    Route("officials.name", officials.says_name, officials.set_name),
    Route("control_panel.link", command("dashboard"), control_panel.send_link),
    Route("colleagues.list", command("colleagues"), colleagues.begin),
    Route("inviting.begin", command("invite"), inviting.begin),
    Route("removing.begin", command("remove_official"), removing.begin),
    Route("leaving.begin", command("leave_unit"), leaving.begin),
    Route("proofs.submit", command("submit"), picking.begin),
    Route("proofs.correct", command("correct", "withdraw"), correcting.begin),
    Route("tables.mine", command("my_table"), own_table.begin),
    Route("tables.all", command("all_table"), own_table.show_all),
    Route("review.begin", command("review"), reviewing.begin),
    Route("review.undo", command("undo"), reviewing.undo),
    Route("closing.begin", command("close_period"), closing_period.begin),
    Route("closing.named", closing_period.names_period, closing_period.begin),
    Route("exempting.begin", command("exempt"), exempting.begin),
    Route("exempting.asked", exempting.asks, exempting.begin),
    Route("absence.away", absence.says_away, absence.go_away),
    Route("absence.back", absence.says_back, absence.come_back),
    Route("campaigns.list", command("campaigns"), overview.begin),
    Route("campaigns.new", command("campaign_new"), composing.begin),
    Route("campaigns.act", command(overview.DO), overview.act),
    Route("campaigns.said", overview.says, overview.act_by_words),
    Route("articles.post", command("post_article"), posting.begin),
    Route("articles.approve", command("approve_articles"), approving.begin),
    Route("articles.list", command("articles"), managing.begin),
    Route("yearly.show", command("yearly"), yearly.show),
    Route("yearly.draft", command("yearly_draft"), yearly.show_draft),
    Route("yearly.campaign", command("yearly_campaign"), yearly.make_a_campaign),
    Route("yearly.article", command("yearly_article"), yearly.make_an_article),
    Route("following.ask", following.asks, following.begin),
    Route("following.stop", following.stops, following.unfollow),
    Route("following.follow", command("follow"), following.follow),
    Route("following.unfollow", command("unfollow"), following.unfollow),
    Route("reminding.mine", command("my_reminders"), reminding.mine),
    Route("reminding.cancel", command("cancel_reminder"), reminding.cancel),
    Route("reminding.restore", command("restore_reminder"), reminding.restore),
    Route("reminding.when", command("set_reminder"), reminding.ask_when),
    Route("reminding.begin", reminding.asks, reminding.begin),
    Route("surveys.list", command("surveys"), surveys.surveys),
    Route("surveys.contests", command("contests"), surveys.contests),
    Route("surveys.show", command("survey"), surveys.show),
    Route("surveys.start", command("survey_start"), surveys.start),
    Route("surveys.rules", command("survey_rules"), surveys.rules),
    Route("surveys.ranking", command("contest_ranking"), surveys.show_ranking),
    Route("feedback.begin", command("feedback"), reporting.begin),
    Route("feedback.mine", command("my_feedback"), own.mine),
    Route("feedback.item", command("feedback_item"), own.item),
    Route("feedback.rate", command("feedback_rate"), own.rate),
    Route("feedback.reopen", command("feedback_reopen"), own.reopen),
    Route("feedback.withdraw", command("feedback_withdraw"), own.withdraw),
    Route("feedback.asked", reporting.asks, reporting.begin),
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
