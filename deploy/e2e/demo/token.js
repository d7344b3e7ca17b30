// The token laid open: its text in the URL, its bytes as buttons, and what they say.

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const $ = (id) => document.getElementById(id);
const hex = (bytes) => bytes.map((b) => b.toString(16).padStart(2, "0")).join("");
const number = (bytes) => bytes.reduce((v, b) => v * 256 + b, 0);

export const clockTime = (seconds) => new Date(seconds * 1000).toLocaleTimeString("en-GB");

export function decode(text) {
  const bits = [...text].map((c) => alphabet.indexOf(c).toString(2).padStart(6, "0")).join("");
  return bits.match(/.{8}/g).map((b) => parseInt(b, 2));
}

export function encode(bytes) {
  const bits = bytes.map((b) => b.toString(2).padStart(8, "0")).join("");
  return bits.match(/.{1,6}/g).map((b) => alphabet[parseInt(b.padEnd(6, "0"), 2)]).join("");
}

export const expiry = (text) => number(decode(text).slice(4, 8));

/** The text of a URL or of its path before its token, the token, and the text after it. */
export function divide(url) {
  const found = /^((?:https?:\/\/[^/]+)?\/~|.*[?&]token=)([\w-]+)(.*)$/.exec(url);
  return {before: found?.[1], token: found?.[2], after: found?.[3]};
}

// The members that the flags announce, each with its flag and its size: docs/DESIGN.md, section 3.
const optional = [["not-before", 1, 4], ["address", 2, 1], ["session", 4, 8], ["renewal", 8, 8]];

/** Where each member of a token is. */
function layout(bytes) {
  const members = [["version", 0, 1], ["flags", 1, 2], ["key", 2, 4], ["expiry", 4, 8]];
  let at = 8;
  for (const [name, flag, size] of optional) {
    if (bytes[1] & flag) members.push([name, at, at += size]);
  }
  return [...members, ["tag", at, bytes.length]];
}

const says = {
  version: ([b]) => `version ${b >> 4}, depth ${b & 15}`,
  flags: ([b]) =>
    optional.filter(([, flag]) => b & flag).map(([name]) => name).join(", ") || "none",
  key: (b) => `id ${number(b)}`,
  expiry: (b) => clockTime(number(b)),
  "not-before": (b) => clockTime(number(b)),
  address: ([b]) => (b > 32 ? `IPv6, /${b - 33}` : `IPv4, /${b}`),
  session: (b) => hex(b),
  renewal: (b) => `until ${clockTime(number(b.slice(0, 4)))}, ${number(b.slice(4))} s each`,
  tag: (b) => `${b.length} bytes`,
};

const means = {
  version: (url, [b]) => (b & 15
    ? `good for all of ${url.after.split("/").slice(0, (b & 15) + 1).join("/")}/`
    : "good for exactly this path"),
  flags: () => "what else is in it",
  key: (_url, _bytes, cdn) => `${cdn}'s, and no other CDN's`,
  expiry: () => "rounded up, so that caches can share",
  "not-before": () => "no good earlier",
  address: () => "for this network alone",
  session: () => "what can be revoked",
  renewal: () => "how long it can go on",
  tag: () => "keyed BLAKE3 of all this, and of the path",
};

/**
 * Draws a URL and its token.
 * @param {string} shown the URL, maybe changed
 * @param {string} issued the URL as it was issued
 * @param {string} cdn
 * @param {(at: number) => void} change is called for the byte that somebody pressed
 */
export function draw(shown, issued, cdn, change) {
  const now = divide(shown), was = divide(issued);
  const bytes = decode(now.token), old = decode(was.token), members = layout(old);
  const nameOf = (at) => members.find(([, from, to]) => at >= from && at < to)[0];

  const letters = [...now.token].map((c, i) => {
    const s = document.createElement("span");
    s.textContent = c;
    s.className = c === was.token[i] ? nameOf(Math.floor(i * 6 / 8)) : "changed";
    return s;
  });
  const after = document.createElement("span");
  after.textContent = now.after;
  after.className = now.after === was.after ? "" : "changed";
  $("url").replaceChildren(now.before, ...letters, after);

  // A button that has the focus stays the same one when its token is renewed.
  const box = $("bytes");
  while (box.children.length > bytes.length) box.lastChild.remove();
  while (box.children.length < bytes.length) {
    const at = box.children.length, b = document.createElement("button");
    b.type = "button";
    b.tabIndex = at ? -1 : 0;
    b.onclick = () => change(at);
    box.append(b);
  }
  bytes.forEach((b, i) => {
    const button = box.children[i], changed = b !== old[i];
    button.textContent = hex([b]);
    button.className = changed ? "changed" : nameOf(i);
    button.setAttribute("aria-label",
      `byte ${i + 1} of ${bytes.length}, ${nameOf(i)}: ${hex([b])}${changed ? ", changed" : ""}`);
  });

  $("fields").replaceChildren(...members.flatMap(([name, from, to]) => {
    const dt = document.createElement("dt"), dd = document.createElement("dd");
    const small = document.createElement("small");
    const value = bytes.slice(from, to), before = old.slice(from, to);
    dt.textContent = name;
    dt.className = name;
    if (hex(value) === hex(before)) {
      small.textContent = means[name](was, old, cdn);
      dd.append(says[name](value), " ", small);
    } else {
      const mark = document.createElement("mark");
      mark.textContent = `forged: ${says[name](value)}`;
      small.textContent = `issued: ${says[name](before)}`;
      dd.append(mark, " ", small);
    }
    return [dt, dd];
  }));
}

/** Arrow keys move among the bytes: all of them are one stop of the Tab key. */
export function useArrows() {
  const box = $("bytes");
  const steps = {ArrowLeft: -1, ArrowRight: 1, ArrowUp: -8, ArrowDown: 8};
  box.addEventListener("keydown", (event) => {
    const all = [...box.children], at = all.indexOf(document.activeElement);
    const next = {Home: 0, End: all.length - 1}[event.key] ?? at + steps[event.key];
    if (at < 0 || !all[next]) return;
    event.preventDefault();
    for (const b of all) b.tabIndex = -1;
    all[next].tabIndex = 0;
    all[next].focus();
  });
}
