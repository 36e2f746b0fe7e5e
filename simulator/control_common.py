"""What the control routes share: the simulator at hand, bodies, refusals, paging."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, current_app, jsonify, request

from simulator.acts import NotPossible
from simulator.core import Simulator
from simulator.records import JsonDict

DEFAULT_ROWS = 200
MOST_ROWS = 2000


def simulator() -> Simulator:
    """The fake Zalo this request belongs to."""
    found: Simulator = current_app.extensions["simulator"]
    return found


def body() -> JsonDict:
    """The JSON object sent along; {} when nothing was."""
    if not request.get_data():
        return {}
    found = request.get_json(force=True, silent=True)
    if not isinstance(found, dict):
        raise ValueError("send a JSON object")
    return found


def since() -> int | None:
    """``?since=``: the sequence number after which changes are wanted."""
    text = request.args.get("since")
    return int(text) if text else None


def limit() -> int:
    """``?limit=``: how many rows at most."""
    return min(int(request.args.get("limit", DEFAULT_ROWS)), MOST_ROWS)


def wanted(*names: str) -> dict[str, str]:
    """The filters given in the query."""
    return {name: request.args[name] for name in names if request.args.get(name)}


def created(answer: Any) -> tuple[Response, int]:
    """201 with the answer."""
    return jsonify(answer), 201


def change(target: object, fields: JsonDict, allowed: tuple[str, ...]) -> None:
    """Set known fields to values of the same type; ValueError names the others."""
    for name, value in fields.items():
        if name not in allowed:
            raise ValueError(f"{name} cannot be set; known: {', '.join(allowed)}")
        present = getattr(target, name)
        fits = isinstance(value, type(present)) and not (
            isinstance(value, bool) and not isinstance(present, bool)
        )
        if present is not None and not fits:
            raise ValueError(f"{name} must be {type(present).__name__}")
    for name, value in fields.items():
        setattr(target, name, value)


def add_refusals(blueprint: Blueprint) -> None:
    """400, 404 and 409 as JSON that says what to do."""

    def missing(error: Exception) -> tuple[Response, int]:
        return jsonify({"error": str(error.args[0]) if error.args else "missing"}), 404

    def wrong(error: Exception) -> tuple[Response, int]:
        return jsonify({"error": str(error)}), 400

    def impossible(error: Exception) -> tuple[Response, int]:
        return jsonify({"error": str(error)}), 409

    blueprint.register_error_handler(KeyError, missing)
    blueprint.register_error_handler(ValueError, wrong)
    blueprint.register_error_handler(TypeError, wrong)
    blueprint.register_error_handler(NotPossible, impossible)
