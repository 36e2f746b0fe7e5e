"""Publishing an article of an account (bài đăng trên OA): duties 2.2 and 3.2 of the plan.

    draft ─▶ waiting_approval ─▶ creating ─▶ verifying ─▶ published ─▶ removing ─▶ removed
      ▲            │ sent back       │           │
      └────────────┘                 └▶ failed ◀─┘   (again: ``approving.try_again``)

    published ─▶ draft ─▶ waiting_approval ─▶ updating ─▶ verifying ─▶ published  (changed)
    published ─▶ updating ─▶ verifying ─▶ published                (hidden, shown again)

Promises:

* nobody approves what he wrote himself, and an approval holds for the text that was shown;
* what has an effect at Zalo is called with nothing open, and is on record before it is
  called: an article whose creation has an unknown outcome is looked for, by title and
  time, before it is created again;
* each step is one row's, leased: a worker that dies is followed by another;
* what is out stays out while a change of it is written, and comes back when that is given
  up. A change is the same article at Zalo, so its credit stays where it is; what is hidden
  is flagged by the reading of credits, until it is shown again.

``words`` (what people write), ``drafts`` (writing), ``versions`` (what was out),
``approving`` (the second person), ``pictures`` (cover and picture), ``publishing`` (the
calls).
"""
