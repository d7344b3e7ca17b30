// The function's source with its settings filled in, to be given to CloudFront: videotoken.js
// itself is a script of CloudFront's runtime, which reads no settings and imports no modules.

import { readFileSync } from "node:fs";

// CloudFront takes "10 KB" of one script, and does not say whether a KB has 1,000 or 1,024 bytes.
const MAX_SIZE = 10_000;
const SECRET = /^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/; // 32 bytes in base64url
const BASE = /^(?:\/[A-Za-z0-9._~!$&'()*,=:@%-]+)*$/;
const SESSION = /^[0-9a-f]{16}$/;

// functionSource returns the source of the function. The settings are
//
//   keys     [{id, secret}] as in the service's configuration, of a CDN with the scheme
//            videotoken-sha256
//   base     the path of the CDN's url in the service's configuration, if it has one: "/films"
//   leeway   the seconds by which clocks may differ, 10 if it is left out
//   revoked  the sessions that were revoked, each as 16 hexadecimal digits in lower case
//
// It throws a TypeError for a setting that is invalid, and a RangeError if the source is larger
// than CloudFront takes.
export function functionSource({ keys, base = "", leeway = 10, revoked = [] }) {
  const secrets = {};
  for (const { id, secret, version = 2 } of keys) {
    const known = Number.isInteger(id) && id >= 0 && id <= 0xffff && version === 2;
    if (!known || typeof secret !== "string" || !SECRET.test(secret)) {
      throw new TypeError("videotoken: a key is " +
        "{id: 0 to 65535, secret: 43 characters of base64url, version: 2 or left out}");
    }
    if (Object.hasOwn(secrets, id)) throw new TypeError(`videotoken: two keys have the id ${id}`);
    secrets[id] = secret;
  }
  if (Object.keys(secrets).length === 0) throw new TypeError("videotoken: no keys");
  if (typeof base !== "string" || !BASE.test(base)) {
    throw new TypeError("videotoken: base is a path without a slash at its end: /films");
  }
  if (!Number.isInteger(leeway) || leeway < 0) {
    throw new TypeError("videotoken: leeway is a whole number of seconds");
  }
  const sessions = [...revoked];
  if (!sessions.every((session) => SESSION.test(session))) {
    throw new TypeError("videotoken: a session is 16 hexadecimal digits in lower case");
  }
  const source = fill(readFileSync(new URL("videotoken.js", import.meta.url), "utf8"), {
    KEYS: secrets, BASE: base, LEEWAY: leeway,
    REVOKED: Object.fromEntries(sessions.map((session) => [session, true])),
  });
  const size = Buffer.byteLength(source);
  if (size > MAX_SIZE) {
    throw new RangeError(
      `videotoken: the function has ${size} bytes, CloudFront takes ${MAX_SIZE}`);
  }
  return source;
}

// fill replaces the values of constants, each of which has a line of the source.
function fill(source, values) {
  for (const [name, value] of Object.entries(values)) {
    const line = new RegExp(`^const ${name} = [^;]*;`, "m");
    if (!line.test(source)) throw new Error(`videotoken: the function has no ${name}`);
    source = source.replace(line, () => `const ${name} = ${JSON.stringify(value)};`);
  }
  return source;
}
