"""A fake Zalo: the OA OpenAPI, its OAuth, its webhooks, and a phone to try it with.

It knows Zalo's contract and nothing of any bot. One WSGI application, mounted where the
product wants it (never under a product configuration):

    /openapi/…    stands for https://openapi.zalo.me
    /business/…   stands for https://business.openapi.zalo.me
    /oauth/…      stands for https://oauth.zaloapp.com
    /media/…      files that people sent or the bot uploaded, and articles
    /sites/…      web sites of two communes, whose posts can be sent as proofs
    /control/…    what the page and the tests do to it: see ``simulator/control.py``
    /             the chat page

    app = create_simulator(config, now, on_clock_moved)
    simulator = simulator_of(app)
    seed_demo(simulator)
    tokens = simulator.issue_tokens(oa_id)
    …
    simulator.close()

``now`` is the base clock, *not* moved by the simulator; ``on_clock_moved`` hears the
total offset after every move (and once at the start if a snapshot held one). Nothing
is ever fetched from the network; the only address called is ``webhook_url``.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from flask import Flask

from simulator import articles, groups, messages, phone_templates, quota, uploads, users
from simulator.api import api_blueprint
from simulator.cast import seed_demo
from simulator.control import control_blueprint
from simulator.core import Simulator, SimulatorConfig
from simulator.files import files
from simulator.oauth import oauth
from simulator.page import page
from simulator.websites import websites

__all__ = [
    "Simulator",
    "SimulatorConfig",
    "create_simulator",
    "seed_demo",
    "simulator_of",
]

# The biggest upload Zalo takes (a video of 50 MB) plus the multipart around it.
LARGEST_REQUEST_BYTES = 52 * 1024 * 1024

OPENAPI_ROUTES = (
    messages.ROUTES
    + users.ROUTES
    + quota.ROUTES
    + uploads.ROUTES
    + articles.ROUTES
    + groups.ROUTES
)


def create_simulator(
    config: SimulatorConfig,
    now: Callable[[], datetime] | None = None,
    on_clock_moved: Callable[[timedelta], None] | None = None,
) -> Flask:
    """The fake Zalo as a Flask application; its state at ``simulator_of(app)``."""
    app = Flask(__name__, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_REQUEST_BYTES
    app.extensions["simulator"] = Simulator(config, now, on_clock_moved)
    openapi = api_blueprint("openapi", OPENAPI_ROUTES)
    business = api_blueprint("business", phone_templates.ROUTES)
    app.register_blueprint(openapi, url_prefix="/openapi")
    app.register_blueprint(business, url_prefix="/business")
    app.register_blueprint(oauth, url_prefix="/oauth")
    app.register_blueprint(files, url_prefix="/media")
    app.register_blueprint(websites, url_prefix="/sites")
    app.register_blueprint(control_blueprint(), url_prefix="/control")
    app.register_blueprint(page)
    return app


def simulator_of(app: Flask) -> Simulator:
    """The fake Zalo inside an application made by ``create_simulator``."""
    found: Simulator = app.extensions["simulator"]
    return found
