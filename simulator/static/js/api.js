// The control API, the only thing this page talks to. The contract is the docstring of
// simulator/control.py.

const BASE = document.body.dataset.control;

/** A refused or failed call: `status` 0 means that nobody answered. */
export class ControlError extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

async function call(method, path, { query = {}, body, form } = {}) {
  const url = new URL(BASE + path, location.href);
  for (const [name, value] of Object.entries(query)) {
    if (value !== null && value !== undefined) url.searchParams.set(name, value);
  }
  const request = { method, headers: { "X-Requested-With": "simulator" }, cache: "no-store" };
  if (form) request.body = form;
  if (body) {
    request.headers["Content-Type"] = "application/json";
    request.body = JSON.stringify(body);
  }
  let response;
  try {
    response = await fetch(url, request);
  } catch (error) {
    throw new ControlError(0, error.message);
  }
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new ControlError(response.status, answer.error ?? response.statusText);
  return answer;
}

export const get = (path, query) => call("GET", path, { query });
export const post = (path, body = {}) => call("POST", path, { body });
export const upload = (path, form) => call("POST", path, { form });
export const remove = (path) => call("DELETE", path);

/** chatPath("123", "ba-hoa", "say"): ids may hold anything, so each part is encoded. */
export const chatPath = (...parts) => "/chats/" + parts.map(encodeURIComponent).join("/");

/** Media made by the simulator, at the address this page was opened with. */
export function ownAddress(address) {
  try {
    const url = new URL(address, location.href);
    const loopback = ["127.0.0.1", "localhost", "[::1]"].includes(url.hostname);
    if (loopback && url.host !== location.host && url.port === location.port) {
      url.host = location.host;
    }
    return ["http:", "https:", "data:", "blob:"].includes(url.protocol) ? url.href : null;
  } catch {
    return null;
  }
}
