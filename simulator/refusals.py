"""What Zalo says when it refuses, one place for all texts.

An error of Zalo is always HTTP 200 with ``error`` and ``message`` in the body. Codes and
texts: Zalo's error appendix and observed answers, September 2026; the misspellings are
Zalo's own. The same number means different things on the two hosts, hence two tables.
"""

from __future__ import annotations

OA_MESSAGES = {
    -32: "Your application reached limit call api",
    -100: "attachment_id was expired",
    -200: "Send message failed",
    -201: "parameter is invalid!",
    -204: "Offical Account is disable",
    -205: "Offical Account is not exist",
    -209: "Not supported this api",
    -210: "Parameter exceeds allowable limit",
    -211: "Out of quota",
    -212: "App has not registed this api",
    -213: "User has not followed OA",
    -214: "Article is being processed",
    -216: "Access token is invalid",
    -217: "User has blocked invitation from OA",
    -218: "Out of quota receive",
    -219: "App is removed or disabled",
    -220: "access_token is expired or removed",
    -221: "The OA needs to be verified to use this feature",
    -223: "Official Account has not authorized this API",
    -224: "The OA needs to upgrade OA Tier Package",
    -227: "User is banned or has been inactive for more than 45 days",
    -230: "User has not interacted with the OA in the past 7 days",
    -232: "User has not interacted with the OA, or the last interaction has expired",
    -233: "message type is invalid or not support",
    -234: "This message cannot be sent at night (10:00PM - 6:00AM)",
    -235: "This API does not support this type of OA",
    -237: "The group is disabled",
    -238: "asset_id is already used / disabled",
    -240: "MessageV2 API has been shut down, please switch to MessageV3",
    -241: "asset_id is already used",
    -242: "Invalid appsecret_proof provided in the API argument",
    -244: "User has restricted this message type from your OA",
    -248: "Violates our platform standards",
    -249: "Template does not support send via UID",
    -305: "OA cannot reply after 48 hours",
    -311: "Out of reply quota",
    -320: "Your app needs to connect with Zalo Cloud Account",
    -321: "Zalo Cloud Account out of money or unable to be charged",
    -403: "OA is not in group",
}

PHONE_MESSAGES = {
    -100: "Unknown error",
    -103: "Application is not activated",
    -106: "Method is not supported",
    -107: "Message id invalid",
    -108: "Phone number invalid",
    -109: "Template id invalid",
    -111: "Template data is empty",
    -1121: "Template parameter is too long",
    -1122: "Missing template parameter",
    -118: "Zalo account does not exist or is deactivated",
    -121: "Body is empty",
    -122: "Body is not valid JSON",
    -124: "Access token invalid",
    -1241: "Invalid appsecret_proof",
    -127: "Test template is sent to administrators only",
    -131: "Template is not approved",
    -132: "Parameter invalid",
    -133: "Not allowed to send at night (22:00 - 06:00)",
    -135: "OA has no permission to send this product",
    -137: "ZCA charge failure",
    -138: "App has no permission",
    -141: "User refused",
    -144: "OA exceeded daily sending limit",
    -161: "sending_mode is not allowed",
    -162: "sending_mode 3 is not allowed for this template tag",
}

OAUTH_ERRORS = {
    -14002: ("Invalid appId", "app is unknown or not active"),
    -14003: ("Invalid redirect uri", "redirect_uri differs from the saved callback"),
    -14004: ("Invalid secret key", "secret_key does not belong to this app"),
    -14005: (
        "Invalid code",
        "authorization code is invalid, expired or already used",
    ),
    -14012: ("Permission denied", "the OA administrator did not consent"),
    -14014: (
        "Invalid refresh token",
        "refresh token is invalid, expired or already used",
    ),
    -14018: ("Invalid grant type", "grant_type is not accepted"),
    -14019: ("Invalid code verifier", "code_verifier does not fit the challenge"),
}


class Refusal(Exception):
    """The fake Zalo refuses a call with this code and text."""

    def __init__(self, code: int, message: str | None = None) -> None:
        self.code = code
        self.message = message
        super().__init__(code, message)

    def envelope(self, surface: str) -> dict[str, object]:
        """The body of the answer, as the given host words it."""
        table = PHONE_MESSAGES if surface == "business" else OA_MESSAGES
        text = self.message or table.get(self.code, "Unknown error")
        return {"error": self.code, "message": text}


def invalid(field: str) -> Refusal:
    """-201 in Zalo's usual wording: the named field is invalid."""
    return Refusal(-201, f"{field} is invalid!")


def above_limit(field: str) -> Refusal:
    """-210 as paging answers it: the named field exceeds its limit."""
    return Refusal(-210, f"{field} exceeds allowable limit")


def oauth_error(code: int) -> dict[str, object]:
    """The failure body of the token endpoint."""
    name, description = OAUTH_ERRORS[code]
    return {
        "error": code,
        "error_name": name,
        "error_description": description,
        "error_reason": "",
        "ref_doc": "https://developers.zalo.me/docs/",
    }
