// A viewer request function of CloudFront (runtime cloudfront-js-2.0): it verifies videotoken's
// URL tokens of version 2, which a CDN of the scheme videotoken-sha256 has, and rewrites the
// request to what is to be served. docs/schemes.md says how to install it.
const crypto = require('crypto');

// Fill in the keys as in the service's configuration: id: 'secret'. All of them verify.
const KEYS = {};
const BASE = ''; // the base path of the CDN's url, such as '/films'; '' for none
const LEEWAY = 10; // seconds by which clocks may differ
const REVOKED = {}; // sessions that are over, '0011223344556677': true

function handler(event) {
  const request = event.request;
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return refusal(405, 'Method Not Allowed', '');
  }
  const query = request.rawQueryString();
  const target = request.uri + (query ? '?' + query : '');
  const result = verify(target, event.viewer.ip, Math.floor(Date.now() / 1000));
  if (result.reason) {
    return result.reason === 'missing' ? refusal(401, 'Unauthorized', result.reason)
      : refusal(403, 'Forbidden', result.reason);
  }
  request.uri = result.path;
  request.querystring = result.query;
  return request;
}

function refusal(status, description, reason) {
  const headers = { 'cache-control': { value: 'no-store' } };
  if (reason) headers['x-token-reason'] = { value: reason };
  return { statusCode: status, statusDescription: description, headers: headers };
}

// verify returns {reason} for a request target that it refuses, and else {path, query}: what is to
// be served. The order of reasons is that of docs/DESIGN.md, section 3.
function verify(text, ip, now) {
  const target = binary(text);
  const parts = split(target === null ? text : target);
  if (parts.tokens.length !== 1) return { reason: parts.tokens.length ? 'ambiguous' : 'missing' };
  const raw = decodeText(parts.tokens[0]);
  if (raw === null || raw.length < 24) return { reason: 'malformed' };
  if (raw[0] >> 4 !== 1 && raw[0] >> 4 !== 2) return { reason: 'version' };
  const claims = parseClaims(raw);
  if (claims === null) return { reason: 'malformed' };
  const secret = raw[0] >> 4 === 2 && KEYS.hasOwnProperty(claims.key) ? decodeText(KEYS[claims.key]) : null;
  if (secret === null || secret.length !== 32) return { reason: 'unknown-key' };
  let network = [];
  if (claims.size4or16) {
    const address = parseAddress(ip);
    if (address === null || address.length !== claims.size4or16) return { reason: 'ip' };
    network = address.map((byte, i) => byte & ~(0xff >> Math.min(8, Math.max(0, claims.bits - 8 * i))));
  }
  const path = target !== null && isTaken(target) ? canonicalPath(parts.path) : null;
  if (path === null) return { reason: 'path' };
  let scope = path;
  if (claims.depth) {
    let end = 0;
    for (let n = claims.depth; n > 0 && end >= 0; n--) end = path.indexOf('/', end + 1);
    if (end < 0) return { reason: 'signature' };
    scope = path.slice(0, end + 1);
  }
  const query = spellQuery(claims.depth ? withoutOwn(parts.query) : parts.signed);
  const message = bytes('videotoken v2\0').concat(Array.from(raw.slice(0, raw.length - 16)), network,
    bytes(claims.depth || !query ? scope : scope + '\0' + query));
  const tag = crypto.createHmac('sha256', Uint8Array.from(secret)).update(Uint8Array.from(message)).digest('hex');
  let difference = 0;
  for (let i = 0; i < 16; i++) {
    difference |= parseInt(tag.substr(2 * i, 2), 16) ^ raw[raw.length - 16 + i];
  }
  if (difference) return { reason: 'signature' };
  if (!(now <= claims.expiry + LEEWAY)) return { reason: 'expired' };
  if (now + LEEWAY < claims.notBefore) return { reason: 'not-yet' };
  if (claims.session && REVOKED.hasOwnProperty(claims.session)) return { reason: 'revoked' };
  return { reason: '', path: BASE + spellPath(path), query: query };
}

// split finds the tokens of a target. signed is the query before the token's own parameter.
function split(target) {
  const at = target.indexOf('?');
  let path = at < 0 ? target : target.slice(0, at);
  const query = at < 0 ? '' : target.slice(at + 1);
  if (BASE) path = path.indexOf(BASE + '/') === 0 ? path.slice(BASE.length) : '';
  const tokens = [];
  const first = /^\/(?:~|%7[Ee])([^/]*)/.exec(path);
  if (first) {
    tokens.push(first[1]);
    path = path.slice(first[0].length);
  }
  let signed = '', start = 0;
  query.split('&').forEach((parameter) => {
    if (isNamed(parameter, 'token')) {
      tokens.push(parameter.slice('token='.length));
      signed = query.slice(0, Math.max(0, start - 1));
    }
    start += parameter.length + 1;
  });
  return { tokens: tokens, path: path, query: query, signed: signed };
}

function isNamed(parameter, name) {
  return parameter === name || parameter.indexOf(name + '=') === 0;
}

// withoutOwn is a client's query without the token and without CMCD, which is for logs alone.
function withoutOwn(query) {
  return query.split('&').filter((p) => !isNamed(p, 'token') && !isNamed(p, 'CMCD')).join('&');
}

// parseClaims returns null for a malformed token.
function parseClaims(raw) {
  const flags = raw[1];
  if (flags & ~15) return null;
  const number = (i) => ((raw[i] * 256 + raw[i + 1]) * 256 + raw[i + 2]) * 256 + raw[i + 3];
  const claims = { key: raw[2] * 256 + raw[3], depth: raw[0] & 15, expiry: number(4), notBefore: 0, session: '' };
  let at = 8;
  if (flags & 1) {
    claims.notBefore = number(at);
    at += 4;
  }
  if (flags & 2) {
    const n = raw[at++];
    if (n > 161) return null;
    claims.size4or16 = n <= 32 ? 4 : 16;
    claims.bits = n <= 32 ? n : n - 33;
  }
  if (flags & 4) {
    for (let i = at; i < at + 8; i++) claims.session += ('0' + (raw[i] || 0).toString(16)).slice(-2);
    at += 8;
  }
  if (flags & 8) at += 8;
  return raw.length === at + 16 ? claims : null;
}

// decodeText decodes base64url, the canonical spelling alone. It returns null for everything else.
function decodeText(text) {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  if (text.length % 4 === 1) return null;
  const out = [];
  let bits = 0, have = 0;
  for (let i = 0; i < text.length; i++) {
    const sextet = alphabet.indexOf(text[i]);
    if (sextet < 0) return null;
    bits = ((bits << 6) | sextet) & 0xffff;
    have += 6;
    if (have >= 8) out.push((bits >> (have -= 8)) & 0xff);
  }
  return bits & ((1 << have) - 1) ? null : out;
}

// All that follows works on binary strings, each character of which is one byte.

function binary(text) {
  try {
    return encodeURIComponent(text).replace(/%(..)/g, (_, hex) => String.fromCharCode(parseInt(hex, 16)));
  } catch (e) {
    return null; // half of a surrogate pair
  }
}

function bytes(string) {
  return string.split('').map((c) => c.charCodeAt(0));
}

function escaped(c) {
  return '%' + ('0' + c.charCodeAt(0).toString(16).toUpperCase()).slice(-2);
}

function isUTF8(string) {
  try {
    decodeURIComponent(string.replace(/[%\x80-\xff]/g, escaped));
    return true;
  } catch (e) {
    return false;
  }
}

// isTaken reports whether a target has letters that are taken alone, and 8192 bytes at most.
function isTaken(target) {
  const at = target.indexOf('?');
  const path = at < 0 ? target : target.slice(0, at), query = at < 0 ? '' : target.slice(at + 1);
  return target.length <= 8192 && !/%(?![0-9A-Fa-f]{2})/.test(target) &&
    !/[^A-Za-z0-9._~!$&'()*+,;=:@/%|^{}`[\]\x80-\xff-]/.test(path) &&
    !/[^A-Za-z0-9._~!$&'()*+,;=:@/?%|^{}`[\]\\\x80-\xff-]/.test(query) && isUTF8(target);
}

// canonicalPath decodes a path once. It returns null for one that could be read in two ways.
function canonicalPath(path) {
  if (path[0] !== '/') return null;
  if (/[\x00-\x1f\x7f\\?#]|%(?:[01].|7[Ff]|2[Ff5]|5[Cc])/.test(path)) return null;
  const decoded = path.replace(/%(..)/g, (_, hex) => String.fromCharCode(parseInt(hex, 16)));
  return /\/(?:\.{0,2} *[;/]|\.{1,2} *$| +$)/.test(decoded) || !isUTF8(decoded) ? null : decoded;
}

function spellPath(path) {
  return path.replace(/[^A-Za-z0-9._~!$&'()*,=:@/-]/g, escaped);
}

function spellQuery(query) {
  return query.replace(/[^A-Za-z0-9._~!$&()*+,;=:@/?%-]/g, escaped);
}

// parseAddress returns the 4 or 16 bytes of an address, 4 for an IPv4-mapped one, null for no
// address.
function parseAddress(text) {
  if (typeof text !== 'string') return null;
  if (text.indexOf(':') < 0) return parseIPv4(text);
  const dotted = /^(.*:)([^:]*\.[^:]*)$/.exec(text);
  if (dotted) {
    const four = parseIPv4(dotted[2]);
    if (four === null) return null;
    text = dotted[1] + (four[0] * 256 + four[1]).toString(16) + ':' + (four[2] * 256 + four[3]).toString(16);
  }
  const halves = text.split('::').map((half) => (half === '' ? [] : half.split(':')));
  if (halves.length > 2) return null;
  const tail = halves.length === 2 ? halves[1] : [];
  const zeros = 8 - halves[0].length - tail.length;
  if (halves.length === 2 ? zeros < 1 : zeros !== 0) return null;
  let groups = halves[0];
  for (let i = 0; i < zeros; i++) groups = groups.concat('0');
  groups = groups.concat(tail);
  const out = [];
  for (let i = 0; i < groups.length; i++) {
    if (!/^[0-9A-Fa-f]{1,4}$/.test(groups[i])) return null;
    const n = parseInt(groups[i], 16);
    out.push(n >> 8, n & 0xff);
  }
  const mapped = out.slice(0, 12).every((byte, i) => byte === (i < 10 ? 0 : 0xff));
  return mapped ? out.slice(12) : out;
}

function parseIPv4(text) {
  const parts = text.split('.');
  const good = parts.length === 4 && parts.every((p) => /^(0|[1-9][0-9]{0,2})$/.test(p) && Number(p) < 256);
  return good ? parts.map(Number) : null;
}
