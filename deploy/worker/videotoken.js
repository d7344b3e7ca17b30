// The verifier of videotoken URL tokens, versions 1 and 2, for the workers of a CDN. docs/DESIGN.md, section 3, is the
// format, token/testdata/vectors.json are its cases.
//
// verify() is a plain function of a URL, keys, a time and an address: it runs wherever there is a Uint8Array and a
// TextEncoder. The default export is a fetch handler around it for runtimes that speak Request and Response.

import { blake3 } from "@noble/hashes/blake3.js";
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";

const KEY_CONTEXT = "videotoken 2026-11-23 URL token v1 MAC key";
const SHA256_CONTEXT = "videotoken v2\0";
const NOT_BEFORE = 1, IP = 2, SESSION = 4, RENEWAL = 8;
const FIXED = 8, TAG = 16; // bytes
const MOST_URI = 8192;
const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const SEXTET = new Uint8Array(256).fill(0xff);
for (let i = 0; i < 64; i++) SEXTET[ALPHABET.charCodeAt(i)] = i;
const utf8 = new TextEncoder();
const latin1 = (bytes) => String.fromCharCode(...bytes);

// importKeys derives the MAC keys of [{id, secret, version}] once: the result is what verify() takes. A secret is in
// base64url; the version is 1, keyed BLAKE3, if it is left out, or 2, HMAC-SHA256.
export function importKeys(list) {
  const keys = new Map();
  for (const { id, secret, version = 1 } of list) {
    const raw = decodeText(secret);
    if (!Number.isInteger(id) || id < 0 || id > 0xffff || raw?.length !== 32 || (version !== 1 && version !== 2)) {
      throw new TypeError("videotoken: a key is {id: 0 to 65535, secret: 43 characters of base64url, version: 1 or 2}");
    }
    if (keys.has(id)) throw new TypeError(`videotoken: two keys have the id ${id}`);
    const mac = version === 1
      ? blake3.create({ key: blake3(raw, { context: utf8.encode(KEY_CONTEXT) }) })
      : hmac.create(sha256, raw).update(utf8.encode(SHA256_CONTEXT));
    keys.set(id, { version, mac });
  }
  if (keys.size === 0) throw new TypeError("videotoken: no keys");
  return keys;
}

// verify accepts or refuses the token of a URL: of an absolute one, or of a path and query as in a request line. It
// returns {reason: ""} with what is known of the token, or {reason} alone, the first of section 3's that holds.
//
//   keys    of importKeys()
//   now     Unix seconds; a fraction is dropped
//   ip      the client's address, which only tokens bound to one need
//   leeway  the seconds that clocks may differ
//   revoked a Set of the sessions that were revoked, each as 16 hexadecimal digits
export function verify(url, { keys, now, ip, leeway = 10, revoked }) {
  const target = requestTarget(String(url));
  const { text, path, query, signed, reason } = split(target);
  if (reason) return { reason };
  const raw = decodeText(text);
  if (!raw || raw.length < FIXED + TAG) return { reason: "malformed" };
  const version = raw[0] >> 4;
  if (version !== 1 && version !== 2) return { reason: "version" };
  const token = parse(raw);
  if (!token) return { reason: "malformed" };
  const key = keys.get(token.key);
  if (key?.version !== version) return { reason: "unknown-key" };
  let address = [];
  if (token.bits >= 0) {
    address = parseAddress(ip);
    if (address?.length !== (token.ipv6 ? 16 : 4)) return { reason: "ip" };
    address = address.map((byte, i) => byte & ~(0xff >> Math.min(8, Math.max(0, token.bits - 8 * i))));
  }
  const canonical = isTaken(target) && canonicalPath(path);
  if (!canonical) return { reason: "path" };
  const covered = scope(canonical, token.depth);
  if (!covered) return { reason: "signature" }; // a path above the token's directory
  const mac = key.mac.clone().update(raw.subarray(0, token.size)).update(Uint8Array.from(address)).update(covered);
  if (token.depth === 0 && signed) mac.update(utf8.encode("\0" + spellQuery(signed)));
  if (!equal(mac.digest().subarray(0, TAG), raw.subarray(token.size))) return { reason: "signature" };
  now = Math.floor(now);
  if (!(now <= token.expiry + leeway)) return { reason: "expired" };
  if (now < token.notBefore - leeway) return { reason: "not-yet" };
  if (token.session && revoked?.has(token.session)) return { reason: "revoked" };
  const { key: id, expiry, notBefore, depth, session, renewableUntil, ttl } = token;
  const passed = spellQuery(depth === 0 ? signed : withoutOwn(query));
  const uri = spellPath(canonical) + (passed && "?" + passed);
  return { reason: "", key: id, expiry, notBefore, depth, session, renewableUntil, ttl, path, uri };
}

// requestTarget is what a client puts into the request line for an absolute URL; the rest is left to verify as it is.
function requestTarget(url) {
  const authority = /^https?:\/\/[^/?#]*/i.exec(url);
  if (!authority) return url;
  const target = url.slice(authority[0].length).split("#", 1)[0];
  return target[0] === "/" ? target : "/" + target;
}

// split finds the one token of a request target, and the path and the query around it. signed is the query before the
// token's own parameter, without the "&" that joins them.
function split(uri) {
  const mark = uri.indexOf("?");
  let path = mark < 0 ? uri : uri.slice(0, mark);
  const query = mark < 0 ? "" : uri.slice(mark + 1);
  const found = [];
  const tilde = /^\/(?:~|%7[Ee])([^/]*)/.exec(path);
  if (tilde) {
    found.push(tilde[1]);
    path = path.slice(tilde[0].length);
  }
  let signed = "", at = 0;
  for (const param of query.split("&")) {
    if (isNamed(param, "token")) {
      found.push(param.slice("token=".length));
      signed = query.slice(0, Math.max(0, at - 1));
    }
    at += param.length + 1;
  }
  if (found.length !== 1) return { reason: found.length ? "ambiguous" : "missing" };
  return { text: found[0], path, query, signed };
}

const isNamed = (param, name) => param === name || param.startsWith(name + "=");

// withoutOwn is a client's query without the token's parameter and without CMCD.
const withoutOwn = (query) => query.split("&").filter((param) => !isNamed(param, "token") && !isNamed(param, "CMCD")).join("&");

// isTaken reports whether a target is short enough and has only letters that are taken: those of RFC 3986, what
// browsers and players send raw, and "%" where it starts two hexadecimal digits.
function isTaken(target) {
  return target.isWellFormed() && utf8.encode(target).length <= MOST_URI && TAKEN.test(target);
}
const TAKEN = /^(?:[\][A-Za-z0-9._~!$&'()*+,;=:@/|^{}`\u0080-\uffff-]|%[0-9A-Fa-f]{2})*(?:\?(?:[\][A-Za-z0-9._~!$&'()*+,;=:@/?\\|^{}`\u0080-\uffff-]|%[0-9A-Fa-f]{2})*)?$/;

const escapeByte = (byte) => "%" + byte.toString(16).toUpperCase().padStart(2, "0");
const escapeBytes = (bytes, plain) => Array.from(bytes, (b) => (plain.test(String.fromCharCode(b)) ? String.fromCharCode(b) : escapeByte(b))).join("");

// spellPath is a canonical path in the one spelling that is served, and spellQuery a query as it is signed and served.
const spellPath = (canonical) => escapeBytes(canonical, /[A-Za-z0-9._~!$&'()*,=:@/-]/);
const spellQuery = (query) => escapeBytes(utf8.encode(query), /[A-Za-z0-9._~!$&()*+,;=:@/?%-]/);

// decodeText decodes base64url and accepts its canonical spelling alone; atob is laxer (white space, spare bits).
function decodeText(text) {
  if (typeof text !== "string" || text.length % 4 === 1) return null;
  const out = new Uint8Array((text.length * 6) >> 3);
  let bits = 0, have = 0, n = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    const six = c < 256 ? SEXTET[c] : 0xff;
    if (six === 0xff) return null;
    bits = ((bits << 6) | six) & 0xffff;
    have += 6;
    if (have >= 8) out[n++] = bits >> (have -= 8);
  }
  return bits & ((1 << have) - 1) ? null : out;
}

// parse takes a token of a known version apart; null for one that is malformed.
function parse(raw) {
  const view = new DataView(raw.buffer), flags = raw[1];
  const size = FIXED + (flags & NOT_BEFORE ? 4 : 0) + (flags & IP ? 1 : 0) + (flags & SESSION ? 8 : 0) + (flags & RENEWAL ? 8 : 0);
  if (flags & ~(NOT_BEFORE | IP | SESSION | RENEWAL) || raw.length !== size + TAG) return null;
  const token = { size, depth: raw[0] & 15, key: view.getUint16(2), expiry: view.getUint32(4), notBefore: 0, bits: -1, ipv6: false, session: "", renewableUntil: 0, ttl: 0 };
  let at = FIXED;
  if (flags & NOT_BEFORE) {
    token.notBefore = view.getUint32(at);
    at += 4;
  }
  if (flags & IP) {
    if (raw[at] > 161) return null;
    token.ipv6 = raw[at] > 32;
    token.bits = raw[at++] - (token.ipv6 ? 33 : 0);
  }
  if (flags & SESSION) {
    token.session = Array.from(raw.subarray(at, at + 8), (b) => b.toString(16).padStart(2, "0")).join("");
    at += 8;
  }
  if (flags & RENEWAL) {
    token.renewableUntil = view.getUint32(at);
    token.ttl = view.getUint32(at + 4);
  }
  return token;
}

// canonicalPath percent-decodes a path exactly once, to bytes; null for one that two servers could read in two ways.
export function canonicalPath(path) {
  if (path[0] !== "/" || !path.isWellFormed()) return null;
  const bytes = utf8.encode(path), out = new Uint8Array(bytes.length);
  let n = 0;
  for (let i = 0; i < bytes.length; i++) {
    let c = bytes[i];
    if (c === 0x25 /* % */) {
      const hex = latin1(bytes.subarray(i + 1, i + 3));
      if (!/^[0-9A-Fa-f]{2}$/.test(hex)) return null;
      c = parseInt(hex, 16);
      i += 2;
      if (c === 0x2f /* / */ || c === 0x25) return null;
    } else if (c === 0x3f /* ? */ || c === 0x23 /* # */) {
      return null;
    }
    if (c < 0x20 || c === 0x7f || c === 0x5c /* \ */) return null;
    out[n++] = c;
  }
  let text;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(out.subarray(0, n));
  } catch {
    return null;
  }
  const segments = text.slice(1).split("/");
  const last = segments.length - 1;
  if (segments.some((s, i) => /^\.{0,2} *(;|$)/.test(s) && !(s === "" && i === last))) return null;
  return out.subarray(0, n);
}

// scope is what a token of the given depth vouches for: the whole path at depth 0, else its first depth segments.
function scope(path, depth) {
  if (depth === 0) return path;
  for (let i = 1; i < path.length; i++) {
    if (path[i] === 0x2f && --depth === 0) return path.subarray(0, i + 1);
  }
  return null;
}

// parseAddress is 4 or 16 bytes of an address's text, an IPv4-mapped one as IPv4; null for what is none.
export function parseAddress(text) {
  if (typeof text !== "string") return null;
  if (!text.includes(":")) return parseIPv4(text);
  const dotted = /^(.*:)([^:]*\.[^:]*)$/.exec(text); // ::ffff:192.0.2.1
  if (dotted) {
    const v4 = parseIPv4(dotted[2]);
    if (!v4) return null;
    const hex = (i) => ((v4[i] << 8) | v4[i + 1]).toString(16);
    text = `${dotted[1]}${hex(0)}:${hex(2)}`;
  }
  const halves = text.split("::");
  if (halves.length > 2) return null;
  const [head, tail = []] = halves.map((half) => (half === "" ? [] : half.split(":")));
  const zeros = 8 - head.length - tail.length;
  if (halves.length === 2 ? zeros < 1 : zeros !== 0) return null;
  const bytes = [];
  for (const group of [...head, ...Array(zeros).fill("0"), ...tail]) {
    if (!/^[0-9A-Fa-f]{1,4}$/.test(group)) return null;
    const n = parseInt(group, 16);
    bytes.push(n >> 8, n & 0xff);
  }
  const mapped = bytes.slice(0, 10).every((b) => b === 0) && bytes[10] === 0xff && bytes[11] === 0xff;
  return mapped ? bytes.slice(12) : bytes;
}

function parseIPv4(text) {
  const parts = text.split(".");
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9][0-9]{0,2})$/.test(part) && Number(part) < 256)) return null;
  return parts.map(Number);
}

// equal takes the same time wherever two tags differ.
function equal(a, b) {
  let difference = a.length ^ b.length;
  for (let i = 0; i < a.length; i++) difference |= a[i] ^ b[i];
  return difference === 0;
}

// The variables of the handler: KEYS, the JSON text of importKeys()'s list, a secret; ORIGIN, the origin's scheme and
// host; ALLOW_ORIGIN, the page that may play; CLIENT_IP, the header in which the platform itself puts the client's
// address (CF-Connecting-IP, Fastly-Client-IP): without it, tokens bound to an address are refused; LEEWAY, in seconds.
let imported = { text: "", keys: null };

async function handle(request, env) {
  const headers = env.ALLOW_ORIGIN ? { "Access-Control-Allow-Origin": env.ALLOW_ORIGIN, "Access-Control-Expose-Headers": "X-Token-Reason" } : {};
  const refuse = (status, reason, more) => new Response(null, { status, headers: { ...headers, ...more, "X-Token-Reason": reason, "Cache-Control": "no-store" } });
  if (request.method === "OPTIONS") {
    const preflight = { "Access-Control-Allow-Methods": "GET, HEAD, OPTIONS", "Access-Control-Allow-Headers": "Range, CMCD-Request, CMCD-Object, CMCD-Status, CMCD-Session", "Access-Control-Max-Age": "86400" };
    return new Response(null, { status: 204, headers: { ...headers, ...(env.ALLOW_ORIGIN && preflight), Allow: ALLOWED } });
  }
  if (request.method !== "GET" && request.method !== "HEAD") return new Response(null, { status: 405, headers: { ...headers, Allow: ALLOWED } });
  if (imported.text !== env.KEYS) imported = { text: env.KEYS, keys: importKeys(JSON.parse(env.KEYS)) };
  const ip = env.CLIENT_IP ? request.headers.get(env.CLIENT_IP) : undefined;
  const verified = verify(request.url, { keys: imported.keys, now: Date.now() / 1000, ip, leeway: Number(env.LEEWAY || 10) });
  if (verified.reason === "missing") return refuse(401, "missing", { "WWW-Authenticate": "videotoken" });
  if (verified.reason) return refuse(403, verified.reason);
  // What was verified is what is fetched, and its URL, which has no token, is what the CDN's cache is keyed on.
  const origin = await fetch(new URL(env.ORIGIN + verified.uri), { method: request.method, headers: request.headers, redirect: "manual" });
  const response = new Response(origin.body, origin);
  for (const name of [...response.headers.keys()]) {
    if (name.startsWith("access-control-") || name === "x-token-reason") response.headers.delete(name); // the origin has no say in these
  }
  for (const name in headers) response.headers.set(name, headers[name]);
  return response;
}

const ALLOWED = "GET, HEAD, OPTIONS";

export default { fetch: handle };
