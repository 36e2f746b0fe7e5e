"""One proof: the whole of it, its files, and the decision."""

from __future__ import annotations

from flask import (
    Blueprint,
    Response,
    abort,
    flash,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from sqlalchemy import select
from sqlmodel import Session, col
from werkzeug.wrappers import Response as AnyResponse

from bot.duties.exemptions import NotOpenError
from dashboard.cells import reasons
from dashboard.deciding import decide as decide_one
from dashboard.deciding import state_given, verdict_given
from dashboard.office import office, visitor
from dashboard.proof_view import (
    PICTURES,
    REASONS_TO_ACCEPT,
    REASONS_TO_REJECT,
    proof_shown,
)
from dashboard.review import beside
from dashboard.saying import done, undecided
from models import Proof, ProofCheck, Role, StoredFile

proofs = Blueprint("proofs", __name__)
MOST_AT_ONCE = 200


@proofs.get("/proofs/<int:proof_id>")
def show(proof_id: int) -> str:
    him = visitor()
    with office().database.reading() as session:
        proof = session.get_one(Proof, proof_id)
        page = proof_shown(session, proof, him, with_snapshot=True)
        again = beside(session, page.used_before, him)
    return render_template(
        "dashboard/proof.html",
        proof=page,
        beside=again,
        reasons_to_reject=reasons(REASONS_TO_REJECT),
        reasons_to_accept=reasons(REASONS_TO_ACCEPT),
        decides=him.is_at_least(Role.SUPERVISOR),
    )


@proofs.get("/proofs/<int:proof_id>/file")
def file(proof_id: int) -> Response:
    with office().database.reading() as session:
        return _stored(session, session.get_one(Proof, proof_id).file_sha256)


@proofs.get("/proofs/<int:proof_id>/picture/<int:number>")
def page_picture(proof_id: int, number: int) -> Response:
    """The picture of the page, as it was at that check."""
    with office().database.reading() as session:
        check = session.scalars(
            select(ProofCheck).where(
                col(ProofCheck.proof_id) == proof_id, col(ProofCheck.number) == number
            )
        ).one_or_none()
        return _stored(session, check.picture_sha256 if check else None)


def _stored(session: Session, digest: str | None) -> Response:
    """Pictures are shown; anything else is only handed over, never opened in the page."""
    row = session.get(StoredFile, digest) if digest else None
    if row is None or digest is None:
        abort(404)
    try:
        content = office().files.read(digest)
    except FileNotFoundError:
        abort(404)
    response = make_response(content)
    response.content_type = row.media_type
    if row.media_type not in PICTURES:
        response.headers["Content-Disposition"] = (
            f'attachment; filename="{digest[:12]}"'
        )
    response.headers["Content-Security-Policy"] = (
        "default-src 'none'; sandbox; frame-ancestors 'none'"
    )
    return response


@proofs.post("/proofs/<int:proof_id>/decide")
def decide(proof_id: int) -> AnyResponse:
    """Accept or reject; it holds only in the state in which it was shown."""
    back = _back(proof_id)
    with undecided():
        _decide([proof_id], [request.form.get("shown", "")])
    return redirect(back)


@proofs.post("/proofs/decide")
def decide_many() -> AnyResponse:
    """Those that were ticked, all or none. ``proof`` is "17:doubtful"."""
    chosen = [one.partition(":") for one in request.form.getlist("proof")]
    numbers = [int(number) for number, _, _ in chosen if number.isdecimal()]
    if not numbers or len(numbers) != len(chosen) or len(chosen) > MOST_AT_ONCE:
        flash("none_chosen", "warning")
    else:
        with undecided():
            _decide(numbers, [shown for _, _, shown in chosen])
    return redirect(_back(numbers[0] if numbers else 0))


def _decide(numbers: list[int], shown: list[str]) -> None:
    verdict = verdict_given()
    states = [state_given(one) for one in shown]
    with office().database.writing() as session:
        for number, state in zip(numbers, states, strict=True):
            proof = session.get(Proof, number)
            if proof is None:
                raise NotOpenError(f"proof {number}")
            decide_one(session, proof, state, verdict, visitor())
        done(f"{verdict}ed")


def _back(proof_id: int) -> str:
    """Where the form stood: the queue, the square, the proof itself."""
    match request.form.get("back"):
        case "review":
            return url_for("dashboard.review.show")
        case "cell":
            with office().database.reading() as session:
                proof = session.get(Proof, proof_id)
            if proof is not None:
                return url_for(
                    "dashboard.cells.show",
                    period=proof.period,
                    unit_code=proof.unit_code,
                    duty_id=proof.duty_id,
                )
    return url_for("dashboard.review.show")
