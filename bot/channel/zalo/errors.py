"""What Zalo's error codes ask us to do.

One table, keyed by surface and code; where one code has several meanings its text decides.
Zalo publishes no complete list: this one was put together in 2026-09 from
https://developers.zalo.me/docs/official-account/phu-luc/ma-loi (mirrors), the SDKs
zaloplatform/zalo-java-sdk and zaloplatform/zalo-php-sdk, and the error tables of working
integrations. A code that is not in it is never repeated (``GIVE_UP``): a wrong guess could
send a message twice.

Zalo answers failures with HTTP 200, so nothing here looks at the HTTP status.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from models import ApiGeneration


class Surface(StrEnum):
    """The three hosts; the same number means different things on them."""

    OA = "oa"
    OAUTH = "oauth"
    PHONE = "zns"


class Action(StrEnum):
    """What the caller must do about an error."""

    RETRY = "retry"  # surely without effect: again after a growing pause
    RETRY_CAREFULLY = (
        "retry_carefully"  # may have taken effect: look first, repeat once
    )
    NEXT_MINUTE = "next_minute"  # calls of this minute used up
    REFRESH_TOKEN = "refresh_token"  # refresh once, repeat once, then alarm
    RECONSENT = "reconsent"  # token chain dead: an administrator must consent again
    SWITCH_TO_V2 = "switch_to_v2"  # this account takes the v2 endpoint: remember
    SWITCH_TO_V3 = "switch_to_v3"  # this account takes the v3 endpoint: remember
    DROP_QUOTE = "drop_quote"  # repeat without the quoted message
    DROP_BUTTONS = "drop_buttons"  # repeat as plain numbered text
    PARK = "park"  # wait until the person writes
    DEFER = "defer"  # next allowed hour or next day's quota
    STOP_RECIPIENT = "stop_recipient"  # this person cannot be reached
    STOP_KIND = "stop_kind"  # this person refuses this kind of message
    REUPLOAD = "reupload"  # upload the asset again
    HUMAN = "human"  # configuration, package, contract or consent: alarm, stop sending
    GIVE_UP = "give_up"  # the request itself is wrong: never repeat


OA, OAUTH, PHONE = Surface.OA, Surface.OAUTH, Surface.PHONE

_ACTIONS: dict[tuple[Surface, int], Action] = {
    (
        OA,
        -32,
    ): Action.NEXT_MINUTE,  # calls per minute used up (two texts: application limit, OA limit)
    (OA, -100): Action.REUPLOAD,  # uploaded attachment_id or token older than 7 days
    (
        OA,
        -200,
    ): Action.RETRY_CAREFULLY,  # generic send failure; in article verify: cover or media could not be fetched
    (OA, -201): Action.GIVE_UP,  # a named parameter is invalid
    (OA, -202): Action.GIVE_UP,  # bad mac (very old API)
    (OA, -204): Action.HUMAN,  # OA deleted or disabled
    (OA, -205): Action.HUMAN,  # OA does not exist
    (OA, -207): Action.HUMAN,  # OA not registered as third party (old)
    (OA, -208): Action.HUMAN,  # OA has no secret key (old)
    (
        OA,
        -209,
    ): Action.HUMAN,  # API not supported for this app: app not activated, or the path does not exist
    (OA, -210): Action.GIVE_UP,  # parameter above its limit
    (OA, -211): Action.DEFER,  # quota of the feature used up
    (OA, -212): Action.HUMAN,  # app has not registered this API product
    (OA, -213): Action.STOP_RECIPIENT,  # user does not follow the OA
    (OA, -214): Action.RETRY,  # article still processing
    (OA, -215): Action.HUMAN,  # bad app id (old)
    (OA, -216): Action.REFRESH_TOKEN,  # access token invalid
    (OA, -217): Action.STOP_RECIPIENT,  # user blocked invitations from the OA
    (OA, -218): Action.DEFER,  # this recipient may not receive more now
    (OA, -219): Action.HUMAN,  # app removed or disabled
    (OA, -220): Action.REFRESH_TOKEN,  # access token expired or revoked
    (OA, -221): Action.HUMAN,  # OA must be verified
    (OA, -222): Action.STOP_RECIPIENT,  # user banned or inactive (old twin of -227)
    (
        OA,
        -223,
    ): Action.HUMAN,  # OA did not grant this API to the app; or article creation quota reached
    (OA, -224): Action.HUMAN,  # OA package too small
    (
        OA,
        -227,
    ): Action.STOP_RECIPIENT,  # user banned or offline on Zalo for more than 45 days
    (OA, -230): Action.PARK,  # no interaction with this OA within 7 days
    (OA, -232): Action.PARK,  # never interacted or interaction expired
    (OA, -233): Action.GIVE_UP,  # message type unknown or unsupported
    (OA, -234): Action.DEFER,  # promotion or broadcast between 22:00 and 06:00
    (
        OA,
        -235,
    ): Action.SWITCH_TO_V2,  # endpoint not open to this kind of OA (government OA on v3 cs)
    (OA, -237): Action.STOP_RECIPIENT,  # group disabled
    (OA, -238): Action.REUPLOAD,  # asset already used or disabled
    (OA, -240): Action.SWITCH_TO_V3,  # v2 endpoint closed for this OA
    (OA, -241): Action.REUPLOAD,  # asset already used
    (OA, -242): Action.HUMAN,  # bad appsecret_proof
    (OA, -244): Action.STOP_KIND,  # user switched this message type off
    (OA, -248): Action.GIVE_UP,  # content breaks platform rules
    (OA, -249): Action.GIVE_UP,  # template may not be sent by user id
    (OA, -305): Action.PARK,  # v2 reply later than 48 h (old)
    (OA, -311): Action.PARK,  # v2 reply quota of the interaction used (old)
    (OA, -320): Action.HUMAN,  # app must be tied to a Zalo Cloud Account
    (OA, -321): Action.HUMAN,  # Zalo Cloud Account has no money
    (OA, -403): Action.STOP_RECIPIENT,  # OA is not in that group
    (OA, -1340): Action.GIVE_UP,  # ads form not found
    (OA, -1341): Action.GIVE_UP,  # no access to ads form
    (OAUTH, -32): Action.NEXT_MINUTE,  # too many calls
    (OAUTH, -14001): Action.HUMAN,  # bad app_id (seen in one test double)
    (
        OAUTH,
        -14002,
    ): Action.HUMAN,  # app id unknown, or app inactive and the user is not its admin
    (OAUTH, -14003): Action.HUMAN,  # redirect_uri differs from the saved callback
    (OAUTH, -14004): Action.HUMAN,  # secret_key header wrong
    (OAUTH, -14005): Action.RECONSENT,  # authorization code wrong, expired or used
    (OAUTH, -14012): Action.HUMAN,  # permission of the OA owner missing
    (OAUTH, -14014): Action.RECONSENT,  # refresh token wrong, expired or already used
    (OAUTH, -14018): Action.GIVE_UP,  # grant_type not accepted
    (
        OAUTH,
        -14019,
    ): Action.RECONSENT,  # code and verifier do not fit (seen in one test double)
    (OAUTH, -14024): Action.HUMAN,  # OA ownership problem
    (OAUTH, -14029): Action.HUMAN,  # app not approved
    (PHONE, -100): Action.RETRY,  # unknown error
    (PHONE, -101): Action.HUMAN,  # application invalid
    (PHONE, -102): Action.HUMAN,  # application does not exist
    (PHONE, -103): Action.HUMAN,  # application not activated
    (PHONE, -104): Action.HUMAN,  # app secret key invalid
    (PHONE, -105): Action.HUMAN,  # application not linked to an OA
    (PHONE, -106): Action.GIVE_UP,  # HTTP method not supported
    (PHONE, -107): Action.GIVE_UP,  # message id invalid
    (PHONE, -108): Action.STOP_RECIPIENT,  # phone number invalid
    (PHONE, -109): Action.GIVE_UP,  # template id invalid
    (PHONE, -1091): Action.GIVE_UP,  # template cannot be edited in its state
    (PHONE, -110): Action.STOP_RECIPIENT,  # recipient's Zalo version too old
    (PHONE, -111): Action.GIVE_UP,  # template data empty
    (PHONE, -112): Action.GIVE_UP,  # template data type not defined
    (PHONE, -1121): Action.GIVE_UP,  # parameter too long
    (PHONE, -1122): Action.GIVE_UP,  # template parameter missing
    (PHONE, -1123): Action.GIVE_UP,  # QR code could not be built
    (PHONE, -1124): Action.GIVE_UP,  # parameter has a wrong format
    (PHONE, -113): Action.GIVE_UP,  # button invalid
    (PHONE, -1131): Action.GIVE_UP,  # button text or link invalid
    (
        PHONE,
        -114,
    ): Action.STOP_RECIPIENT,  # recipient cannot receive (account state, opt-out, old app)
    (PHONE, -115): Action.HUMAN,  # balance too low
    (PHONE, -116): Action.GIVE_UP,  # text content invalid
    (PHONE, -117): Action.HUMAN,  # app, OA and template do not belong together
    (PHONE, -118): Action.STOP_RECIPIENT,  # Zalo account missing or deactivated
    (PHONE, -119): Action.STOP_RECIPIENT,  # account cannot receive messages
    (PHONE, -120): Action.HUMAN,  # OA lacks permission for the feature
    (PHONE, -1201): Action.HUMAN,  # OA may not create promotion templates
    (PHONE, -1202): Action.HUMAN,  # OA may not use media resources
    (PHONE, -121): Action.GIVE_UP,  # body empty
    (PHONE, -122): Action.GIVE_UP,  # body is not valid JSON
    (PHONE, -123): Action.GIVE_UP,  # RSA message could not be decoded
    (PHONE, -124): Action.REFRESH_TOKEN,  # access token invalid
    (PHONE, -1241): Action.HUMAN,  # appsecret_proof invalid
    (PHONE, -125): Action.HUMAN,  # OA id invalid
    (PHONE, -126): Action.DEFER,  # development wallet used up
    (PHONE, -127): Action.GIVE_UP,  # test template goes to admins only
    (PHONE, -128): Action.HUMAN,  # encryption key missing
    (PHONE, -129): Action.RETRY,  # RSA key could not be generated
    (PHONE, -130): Action.GIVE_UP,  # content above 100k characters
    (PHONE, -131): Action.HUMAN,  # template not approved
    (PHONE, -132): Action.GIVE_UP,  # parameter invalid
    (PHONE, -133): Action.DEFER,  # not allowed between 22:00 and 06:00 (maybe retired)
    (PHONE, -134): Action.STOP_RECIPIENT,  # recipient did not opt in (no longer used)
    (PHONE, -135): Action.HUMAN,  # OA may not send this product (verification, package)
    (PHONE, -1351): Action.HUMAN,  # OA blocked for violations
    (PHONE, -136): Action.HUMAN,  # Zalo Cloud Account connection needed
    (PHONE, -137): Action.HUMAN,  # charging failed or balance too low
    (PHONE, -138): Action.HUMAN,  # app lacks permission
    (PHONE, -1381): Action.HUMAN,  # OA did not grant the cloud-account permission
    (PHONE, -139): Action.STOP_KIND,  # recipient refused this content type
    (PHONE, -140): Action.STOP_KIND,  # recipient not eligible for this type
    (PHONE, -141): Action.STOP_RECIPIENT,  # recipient refused this OA
    (PHONE, -142): Action.HUMAN,  # RSA key does not exist
    (PHONE, -143): Action.GIVE_UP,  # RSA key already exists
    (PHONE, -144): Action.DEFER,  # daily send limit of the OA
    (PHONE, -1441): Action.DEFER,  # monthly promotion limit
    (PHONE, -145): Action.HUMAN,  # OA may not send this content type
    (PHONE, -146): Action.HUMAN,  # template disabled for low quality
    (PHONE, -147): Action.DEFER,  # daily limit of the template
    (PHONE, -1471): Action.DEFER,  # monthly follow-up limit for this recipient
    (PHONE, -1472): Action.DEFER,  # daily promotion limit for this recipient
    (PHONE, -148): Action.GIVE_UP,  # journey token not found
    (PHONE, -149): Action.GIVE_UP,  # journey token invalid
    (PHONE, -1491): Action.GIVE_UP,  # journey token of another type
    (PHONE, -150): Action.GIVE_UP,  # journey token expired
    (PHONE, -151): Action.GIVE_UP,  # template is not end-to-end encrypted
    (PHONE, -152): Action.RETRY,  # encryption key could not be fetched
    (PHONE, -153): Action.GIVE_UP,  # data breaks the specification
    (PHONE, -158): Action.GIVE_UP,  # upload too big
    (PHONE, -159): Action.GIVE_UP,  # upload format not allowed
    (PHONE, -160): Action.DEFER,  # daily template create/edit/upload quota
    (PHONE, -161): Action.GIVE_UP,  # sending_mode value not allowed
    (PHONE, -162): Action.GIVE_UP,  # sending_mode 3 not allowed for tags 1 and 2
}

# Codes with several meanings, told apart by a word of the text (compared in lower case).
_ACTIONS_BY_TEXT: dict[tuple[Surface, int], tuple[tuple[str, Action], ...]] = {
    (OA, -201): (
        ("quote", Action.DROP_QUOTE),  # "quote_message_id is invalid!": stale id
        ("button", Action.DROP_BUTTONS),  # "buttons is invalid!"
        ("attachment", Action.DROP_BUTTONS),
        ("template", Action.DROP_BUTTONS),
    ),
    (OA, -223): (
        ("quota", Action.DEFER),  # article quota of the day
        ("limit", Action.DEFER),
    ),
}


def action_for(surface: Surface, code: int, text: str = "") -> Action:
    """The action for one answer of Zalo."""
    lowered = text.lower()
    for word, action in _ACTIONS_BY_TEXT.get((surface, code), ()):
        if word in lowered:
            return action
    return _ACTIONS.get((surface, code), Action.GIVE_UP)


@dataclass(frozen=True, slots=True)
class Call:
    """One HTTP call, for the record: no token, no text."""

    endpoint: str
    duration_ms: int
    http_status: int | None
    code: int | None
    outcome: str


class ZaloFailure(Exception):
    """A call without a good answer. ``calls`` are all calls made for it, oldest first;
    ``generation`` is the message endpoint that understood us, if one did."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.calls: Sequence[Call] = ()
        self.generation: ApiGeneration | None = None


class ZaloError(ZaloFailure):
    """The call surely had no effect, or Zalo said what is wrong; do ``action``."""

    def __init__(self, action: Action, code: int | None, reason: str) -> None:
        super().__init__(f"{action}: {code}: {reason}")
        self.action = action
        self.code = code
        self.reason = reason


class OutcomeUnknown(ZaloFailure):
    """The request may have reached Zalo, the answer did not reach us: never repeat
    blindly what has an effect."""
