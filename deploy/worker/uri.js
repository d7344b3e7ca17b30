// The grammar of URLs: the request target of a URL, which letters it may have, the canonical form
// of a path, and the one spelling in which a path and a query are signed and served.
// docs/DESIGN.md, sections 2 and 3, has the rules; the service has them in internal/uri.
//
// All strings here are binary strings: each character is one byte. The grammar is one of bytes, and
// regular expressions of bytes are short. binary() and text() convert.

const MAX_TARGET = 8192; // bytes

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

// binary converts text to its bytes in UTF-8, and bytes to themselves. A lone surrogate, which no
// bytes stand for, becomes 0xFF, which is not UTF-8 and is refused as such.
export function binary(input) {
  if (input instanceof Uint8Array) return fromBytes(input);
  if (/^[\x00-\x7f]*$/.test(input)) return input; // nearly always
  return input.split(/\p{Surrogate}/u).map((part) => fromBytes(encoder.encode(part))).join("\xff");
}

// text is the inverse of binary, for bytes that are UTF-8.
export const text = (string) =>
  /[^\x00-\x7f]/.test(string) ? decoder.decode(toBytes(string)) : string;

export function toBytes(string) {
  const bytes = new Uint8Array(string.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = string.charCodeAt(i);
  return bytes;
}

function fromBytes(bytes) {
  let string = "";
  for (const byte of bytes) string += String.fromCharCode(byte); // a URL may be too long to spread
  return string;
}

function isUTF8(string) {
  try {
    text(string);
    return true;
  } catch {
    return false;
  }
}

// requestTarget is the path and query of an absolute URL. Everything else is a request target
// already and is returned as it is. A fragment is left in place, to be refused: no client sends
// one.
export function requestTarget(url) {
  const [origin] = /^https?:\/\/[A-Za-z0-9._:[\]-]*(?=[/?#]|$)/i.exec(url) ?? [""];
  const target = url.slice(origin.length);
  return origin === "" || target[0] === "/" ? target : "/" + target;
}

// isTaken reports whether a request target has at most 8192 bytes and only letters that are taken:
// those of RFC 3986, what browsers and players send raw, and "%" where it starts an escape.
export function isTaken(target) {
  if (target.length > MAX_TARGET || BAD_ESCAPE.test(target)) return false;
  const [path, query] = cut(target, "?");
  return !/[^A-Za-z0-9._~!$&'()*+,;=:@/%|^{}`[\]\x80-\xff-]/.test(path) &&
    !/[^A-Za-z0-9._~!$&'()*+,;=:@/?%|^{}`[\]\\\x80-\xff-]/.test(query) && isUTF8(target);
}

const BAD_ESCAPE = /%(?![0-9A-Fa-f]{2})/;

// canonicalPath percent-decodes a path exactly once. It returns null for a path that two servers
// could read in two ways.
export function canonicalPath(path) {
  if (path[0] !== "/" || BAD_ESCAPE.test(path)) return null;
  if (/[\x00-\x1f\x7f\\?#]|%(?:[01].|7[Ff]|2[Ff5]|5[Cc])/.test(path)) return null;
  const decoded = path.replace(/%(..)/g, (_, hex) => String.fromCharCode(parseInt(hex, 16)));
  return AMBIGUOUS_SEGMENT.test(decoded) || !isUTF8(decoded) ? null : decoded;
}

// A segment is ambiguous if it is ".", ".." or empty once its parameters (";...") and the spaces at
// its end are taken off: servlet containers and file systems do that. A path may end with a slash.
const AMBIGUOUS_SEGMENT = /\/(?:\.{0,2} *[;/]|\.{1,2} *$| +$)/;

// scope is what a token of the given depth opens: the canonical path itself at depth 0, else its
// first segments. It is null for a path that does not have more segments than that.
export function scope(path, depth) {
  if (depth === 0) return path;
  let end = 0;
  for (; depth > 0 && end >= 0; depth--) end = path.indexOf("/", end + 1);
  return end < 0 ? null : path.slice(0, end + 1);
}

const escaped = (byte) => "%" + byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0");

// spellPath is a canonical path in the one spelling that is served.
export const spellPath = (canonical) => canonical.replace(/[^A-Za-z0-9._~!$&'()*,=:@/-]/g, escaped);

// spellQuery is a query in the one spelling that is signed and served. Its escapes stay as they
// are.
export const spellQuery = (query) => query.replace(/[^A-Za-z0-9._~!$&()*+,;=:@/?%-]/g, escaped);

// cut splits a string at the first separator, which is in neither part.
export function cut(string, separator) {
  const at = string.indexOf(separator);
  return at < 0 ? [string, ""] : [string.slice(0, at), string.slice(at + 1)];
}
