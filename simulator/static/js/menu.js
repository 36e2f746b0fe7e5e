// Reads a message text: numbered choices and links. Government accounts may not send
// buttons, so every menu is numbered text; here its lines become tappable.

const LINE = /^\s*(\d{1,2})[.)]\s+(\S.*)$/;
const PIECE = /^(\d{1,2})[.)]?\s+(\S.*)$/;
const INLINE_START = /^(.*?)(\d{1,2}[.)]\s+\S.*)$/;
const LINK = /https?:\/\/[^\s<>"]+/g;
const hasLink = (text) => text.search(LINK) >= 0;

/** "Hỏi tiếp: 1. Giấy tờ · 2. Lệ phí" → {before, options}; null for any other line. */
function inlineOptions(line) {
  const pieces = line.split(/\s+[·•|]\s+/);
  const start = pieces.length > 1 ? INLINE_START.exec(pieces[0]) : null;
  if (!start) return null;
  const options = [start[2], ...pieces.slice(1)].map((piece) => PIECE.exec(piece.trim()));
  if (options.includes(null)) return null;
  return { before: start[1], options: options.map(([, number, label]) => ({ number, label })) };
}

function segmentsOfLine(line) {
  if (hasLink(line)) return [{ kind: "text", text: line }];
  const inline = inlineOptions(line);
  if (inline) {
    const before = inline.before.trim() ? [{ kind: "text", text: inline.before.trimEnd() }] : [];
    return [...before, { kind: "chips", options: inline.options }];
  }
  const match = LINE.exec(line);
  if (match) return [{ kind: "list", options: [{ number: match[1], label: match[2] }] }];
  return [{ kind: "text", text: line }];
}

/** Numbers the bot still waits for: read from the end, for menus stand last; a number that
    comes again further up belongs to an earlier list (papers to bring) and is only text. */
function keepLastMenu(segments) {
  const taken = new Set();
  let done = false;
  for (const segment of [...segments].reverse()) {
    if (segment.kind === "text") continue;
    const numbers = segment.options.map((option) => option.number);
    done = done || numbers.some((number) => taken.has(number)) || new Set(numbers).size < numbers.length;
    if (done) segment.dead = true;
    else numbers.forEach((number) => taken.add(number));
  }
  return taken.size;
}

function asText(segment) {
  const options = segment.options.map((option) => `${option.number}. ${option.label}`);
  return { kind: "text", text: options.join(" · ") };
}

/** The text as segments {kind: "text", text} and {kind: "list"|"chips", options}. */
export function readText(text) {
  const segments = text.split("\n").flatMap(segmentsOfLine);
  const choices = keepLastMenu(segments);
  // A single number is a list of one thing, not a choice.
  const plain = (segment) => segment.kind !== "text" && (segment.dead || choices < 2);
  return joinText(segments.map((segment) => (plain(segment) ? asText(segment) : segment)));
}

function joinText(segments) {
  const joined = [];
  for (const segment of segments) {
    const last = joined.at(-1);
    if (segment.kind === "text" && last?.kind === "text") last.text += "\n" + segment.text;
    else joined.push({ ...segment });
  }
  for (const segment of joined) if (segment.kind === "text") segment.text = segment.text.replace(/^\n+|\n+$/g, "");
  return joined.filter((segment) => segment.kind !== "text" || segment.text);
}

/** Splits at links: [{text}, {text, url}, …]; a closing dot or bracket is not part of one. */
export function readLinks(text) {
  const parts = [];
  let end = 0;
  for (const match of text.matchAll(LINK)) {
    const url = match[0].replace(/[.,;:!?)\]»”"']+$/, "");
    parts.push({ text: text.slice(end, match.index) }, { text: url, url });
    end = match.index + url.length;
  }
  parts.push({ text: text.slice(end) });
  return parts.filter((part) => part.text);
}
