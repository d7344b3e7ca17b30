// The verifier of videotoken's URL tokens, versions 1 and 2, for the workers of a CDN.
//
// importKeys() makes keys once, and verify() accepts or refuses the URL of a request. Both are
// plain functions that run wherever there is a TextEncoder: no clock, no network, no state.
// docs/DESIGN.md, section 3, is the format, and token/testdata/vectors.json has its cases.

import { blake3 } from "@noble/hashes/blake3.js";
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { masked, parseAddress } from "./address.js";
import * as uri from "./uri.js";

const BLAKE3_CONTEXT = "videotoken 2026-11-23 URL token v1 MAC key";
const HMAC_CONTEXT = "videotoken v2\0";
const NOT_BEFORE = 1, IP = 2, SESSION = 4, RENEWAL = 8; // flags
const FIXED_SIZE = 8, TAG_SIZE = 16; // bytes
const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const SEXTETS = new Uint8Array(128).fill(0xff);
for (let i = 0; i < 64; i++) SEXTETS[ALPHABET.charCodeAt(i)] = i;

// importKeys makes the MAC keys of [{id, secret, version}], which verify() takes. A secret is 43
// characters of base64url. The version is 1 (BLAKE3) if it is left out, or 2 (HMAC-SHA256).
export function importKeys(list) {
  const keys = new Map();
  for (const { id, secret, version = 1 } of list) {
    const raw = decodeText(secret);
    const known = Number.isInteger(id) && id >= 0 && id <= 0xffff && MACS.has(version);
    if (!known || raw?.length !== 32) {
      throw new TypeError("videotoken: a key is " +
        "{id: 0 to 65535, secret: 43 characters of base64url, version: 1 or 2}");
    }
    if (keys.has(id)) throw new TypeError(`videotoken: two keys have the id ${id}`);
    keys.set(id, { version, mac: MACS.get(version)(raw) });
  }
  if (keys.size === 0) throw new TypeError("videotoken: no keys");
  return keys;
}

// MACS has, for each version, the hash of a secret before the claims. Each token gets a copy of it.
const MACS = new Map([
  [1, (raw) => blake3.create({ key: blake3(raw, { context: uri.toBytes(BLAKE3_CONTEXT) }) })],
  [2, (raw) => hmac.create(sha256, raw).update(uri.toBytes(HMAC_CONTEXT))],
]);

// verify accepts or refuses the token of a URL: an absolute one, such as a Request has, or a
// request target, such as a request line has. Bytes (a Uint8Array) are taken as they are, text as
// UTF-8. The options are
//
//   keys     of importKeys()
//   now      Unix seconds; a fraction is dropped
//   ip       the client's address, which only tokens bound to one need
//   leeway   the seconds by which clocks may differ, 10 if it is left out
//   revoked  a Set of the sessions that were revoked, each as 16 hexadecimal digits in lower case
//   base     a path that every URL starts with, such as "/films": the token follows it
//
// It returns {reason} for a URL that it refuses: the first reason in the order of section 3. For a
// URL that it accepts, the reason is "" and the rest is what the token says (key, expiry,
// notBefore, depth, session, renewableUntil, ttl), the path as it came without base and token, and
// uri: the path and query to serve, without the token and with the base. Serve uri and nothing
// else, and key caches on it: it is what was verified, in the only spelling that it has.
//
// A runtime that parses a URL with the URL class before it calls a worker has resolved "..",
// replaced "\" and encoded spaces and quotes. What arrives is another URL than the client's, and
// it is the one that is verified: a target that the service refuses with "path" may then be
// accepted, if the token is for what it became.
export function verify(url, { keys, now, ip, leeway = 10, revoked, base = "" }) {
  const target = uri.requestTarget(uri.binary(url instanceof Uint8Array ? url : String(url)));
  const { tokens, path, query, signed } = split(target, base);
  if (tokens.length !== 1) return { reason: tokens.length === 0 ? "missing" : "ambiguous" };
  const raw = decodeText(tokens[0]);
  if (!raw || raw.length < FIXED_SIZE + TAG_SIZE) return { reason: "malformed" };
  const version = raw[0] >> 4;
  if (!MACS.has(version)) return { reason: "version" };
  const claims = parseClaims(raw);
  if (!claims) return { reason: "malformed" };
  const key = keys.get(claims.key);
  if (key?.version !== version) return { reason: "unknown-key" };
  let network = [];
  if (claims.ip) {
    const address = parseAddress(ip);
    if (address?.length !== claims.ip.size) return { reason: "ip" };
    network = masked(address, claims.ip.bits);
  }
  const canonical = uri.isTaken(target) ? uri.canonicalPath(path) : null;
  if (canonical === null) return { reason: "path" };
  const scope = uri.scope(canonical, claims.depth);
  if (scope === null) return { reason: "signature" }; // a path above the token's directory
  const exact = claims.depth === 0;
  const served = uri.spellQuery(exact ? signed : withoutOwn(query));
  const mac = key.mac.clone().update(raw.subarray(0, claims.size)).update(Uint8Array.from(network));
  mac.update(uri.toBytes(exact && served !== "" ? `${scope}\0${served}` : scope));
  const tag = mac.digest().subarray(0, TAG_SIZE);
  if (!equal(tag, raw.subarray(claims.size))) return { reason: "signature" };
  now = Math.floor(now);
  if (!(now <= claims.expiry + leeway)) return { reason: "expired" }; // also without a time
  if (now + leeway < claims.notBefore) return { reason: "not-yet" };
  if (claims.session && revoked?.has(claims.session)) return { reason: "revoked" };
  const { key: id, expiry, notBefore, depth, session, renewableUntil, ttl } = claims;
  return {
    reason: "", key: id, expiry, notBefore, depth, session, renewableUntil, ttl,
    path: uri.text(path),
    uri: base + uri.spellPath(canonical) + (served && "?" + served),
  };
}

// split finds the tokens of a request target, of which there must be one, and takes the target
// apart around it. The path is without the base and the token; it is "" where the base is another
// one. signed is the query before the token's own parameter, without the "&" that joins them.
function split(target, base) {
  let [path, query] = uri.cut(target, "?");
  if (base !== "") path = path.startsWith(base + "/") ? path.slice(base.length) : "";
  const tokens = [];
  const first = /^\/(?:~|%7[Ee])([^/]*)/.exec(path);
  if (first) {
    tokens.push(first[1]);
    path = path.slice(first[0].length);
  }
  let signed = "", at = 0;
  for (const parameter of query.split("&")) {
    if (isNamed(parameter, "token")) {
      tokens.push(parameter.slice("token=".length));
      signed = query.slice(0, Math.max(0, at - 1));
    }
    at += parameter.length + 1;
  }
  return { tokens, path, query, signed };
}

const isNamed = (parameter, name) => parameter === name || parameter.startsWith(name + "=");

// withoutOwn is a client's query without the token and without CMCD, which is for logs alone.
const withoutOwn = (query) =>
  query.split("&").filter((p) => !isNamed(p, "token") && !isNamed(p, "CMCD")).join("&");

// decodeText decodes base64url. It accepts the canonical spelling alone, where atob takes white
// space and spare bits too. It returns null for everything else.
function decodeText(text) {
  if (typeof text !== "string" || text.length % 4 === 1) return null;
  const out = new Uint8Array((text.length * 6) >> 3);
  let bits = 0, have = 0, n = 0;
  for (let i = 0; i < text.length; i++) {
    const sextet = SEXTETS[text.charCodeAt(i)] ?? 0xff;
    if (sextet === 0xff) return null;
    bits = ((bits << 6) | sextet) & 0xffff;
    have += 6;
    if (have >= 8) out[n++] = bits >> (have -= 8);
  }
  return bits & ((1 << have) - 1) ? null : out;
}

// parseClaims takes a token apart, whose version is known. It returns null for a malformed one.
function parseClaims(raw) {
  const view = new DataView(raw.buffer), flags = raw[1];
  const has = (flag, size) => (flags & flag ? size : 0);
  const size = FIXED_SIZE + has(NOT_BEFORE, 4) + has(IP, 1) + has(SESSION, 8) + has(RENEWAL, 8);
  if (flags & ~(NOT_BEFORE | IP | SESSION | RENEWAL) || raw.length !== size + TAG_SIZE) return null;
  const claims = {
    size, depth: raw[0] & 15, key: view.getUint16(2), expiry: view.getUint32(4),
    notBefore: 0, ip: null, session: "", renewableUntil: 0, ttl: 0,
  };
  let at = FIXED_SIZE;
  if (flags & NOT_BEFORE) {
    claims.notBefore = view.getUint32(at);
    at += 4;
  }
  if (flags & IP) {
    const n = raw[at++];
    if (n > 161) return null;
    claims.ip = n <= 32 ? { size: 4, bits: n } : { size: 16, bits: n - 33 };
  }
  if (flags & SESSION) {
    const id = raw.subarray(at, at + 8);
    claims.session = Array.from(id, (byte) => byte.toString(16).padStart(2, "0")).join("");
    at += 8;
  }
  if (flags & RENEWAL) {
    claims.renewableUntil = view.getUint32(at);
    claims.ttl = view.getUint32(at + 4);
  }
  return claims;
}

// equal compares two tags in the same time wherever they differ.
function equal(a, b) {
  let difference = a.length ^ b.length;
  for (let i = 0; i < a.length; i++) difference |= a[i] ^ b[i];
  return difference === 0;
}
