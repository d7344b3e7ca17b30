// The worker: a fetch handler for runtimes that have Request and Response. It verifies each
// request, and fetches from the origin exactly what was verified. These are its variables:
//
//   KEYS          the JSON text of importKeys()'s list; a secret
//   ORIGIN        the origin's scheme and host: https://origin.example
//   CDN           the CDN's name in the service's configuration. Where the platform lets a worker
//                 choose the cache's key (Cloudflare's Enterprise plan), the key begins with it.
//                 Elsewhere the key is the URL that is fetched, which has no token.
//   BASE          the path of the CDN's url in the service's configuration, if it has one: /films
//   ALLOW_ORIGIN  the origins of the pages that may play, separated by spaces, or *
//   CLIENT_IP     the header in which the platform writes the client's address over whatever the
//                 client sent: CF-Connecting-IP. Without it, and without the argument ip of
//                 respond(), tokens that are bound to an address are refused.
//   LEEWAY        the seconds by which clocks may differ, 10 by default
//   REVOKED_URL   GET /revoked of the service's admin listener: https://admin.example/revoked.
//                 What is revoked there is refused here within a second. Until the sessions were
//                 read once, tokens with a session are refused with 503. Without it, a revoked
//                 session's tokens are good until they expire.
//   ADMIN_KEY     the key of the service's admin_key, which /revoked needs; a secret
//
// KEYS and ORIGIN are required. With a mistake in any of them every answer is 500.

import { ALLOWED, cors, PREFLIGHT } from "./cors.js";
import { isRevokedURL, Revocations } from "./revoked.js";
import { canonicalPath, spellPath } from "./uri.js";
import { importKeys, verify } from "./videotoken.js";

export default { fetch: (request, env, context) => respond(request, env, undefined, context) };

// respond answers a request. ip is the client's address on platforms that do not have it in a
// header: Fastly's event.client.address, Deno's info.remoteAddr.hostname. context is the third
// argument of fetch(): pass it on wherever it has waitUntil(), as on Cloudflare. Without it, a
// client that goes away ends a question that other requests wait for.
export async function respond(request, env, ip, context) {
  try {
    return await answer(request, settingsOf(env), ip, context);
  } catch (error) {
    console.error(error.message);
    return new Response(null, { status: 500, headers: NO_STORE });
  }
}

const NO_STORE = { "Cache-Control": "no-store" };

async function answer(request, settings, ip, context) {
  const { method } = request;
  const { keys, origin, cdn, base, allowed, clientIP, leeway, revocations } = settings;
  const headers = cors(allowed, request.headers.get("Origin"));
  const refuse = (status, more) =>
    new Response(null, { status, headers: { ...headers, ...NO_STORE, ...more } });

  if (method === "OPTIONS") {
    const preflight = { ...headers, ...(allowed.length > 0 && PREFLIGHT), Allow: ALLOWED };
    return new Response(null, { status: 204, headers: preflight });
  }
  if (method !== "GET" && method !== "HEAD") return refuse(405, { Allow: ALLOWED });

  ip ??= clientIP ? request.headers.get(clientIP) : null;
  const now = Date.now();
  let { reason, uri, session } = verify(request.url, { keys, now: now / 1000, ip, leeway, base });
  if (reason === "" && session && revocations) {
    const waitUntil = context?.waitUntil && ((p) => context.waitUntil(p));
    reason = await revocations.reason(session, now, waitUntil);
  }
  if (reason === "not-loaded") return refuse(503, { "X-Token-Reason": reason, "Retry-After": "1" });
  if (reason === "missing") {
    return refuse(401, { "X-Token-Reason": reason, "WWW-Authenticate": "videotoken" });
  }
  if (reason !== "") return refuse(403, { "X-Token-Reason": reason });

  let fetched;
  try {
    fetched = await fetch(origin + uri, {
      method, headers: forwarded(request.headers), redirect: "manual",
      ...(cdn && { cf: { cacheKey: `${cdn} ${uri}` } }),
    });
  } catch (error) {
    console.error("videotoken: the origin does not answer:", error.message);
    return refuse(502);
  }
  const response = new Response(fetched.body, fetched);
  const ours = /^(?:access-control-.*|x-token-reason)$/; // the origin has no say in these
  for (const name of [...response.headers.keys()]) {
    if (ours.test(name)) response.headers.delete(name);
  }
  for (const [name, value] of Object.entries(headers)) response.headers.append(name, value);
  return response;
}

// FORWARDED are the client's headers that the origin sees: those of conditions and ranges, which
// the cache knows, and the player's name. No header goes along that a client could forge an
// address, a host or a path with.
const FORWARDED = [
  "If-Match", "If-Modified-Since", "If-None-Match", "If-Range", "If-Unmodified-Since", "Range",
  "User-Agent",
];

function forwarded(from) {
  // Runtimes unpack what they ask for packed, and leave Content-Encoding and the ranges as they
  // were.
  const headers = new Headers({ "Accept-Encoding": "identity" });
  for (const name of FORWARDED) {
    const value = from.get(name);
    if (value !== null) headers.set(name, value);
  }
  return headers;
}

const VARIABLES = [
  "KEYS", "ORIGIN", "CDN", "BASE", "ALLOW_ORIGIN", "CLIENT_IP", "LEEWAY", "REVOKED_URL",
  "ADMIN_KEY",
];
let last = { text: "", settings: null };

// settingsOf reads the variables, once for as long as they stay the same.
function settingsOf(env) {
  const values = VARIABLES.map((name) => env[name] || "");
  const text = JSON.stringify(values);
  if (text !== last.text) last = { text, settings: readSettings(...values) };
  return last.settings;
}

// readSettings throws an error that says which variable to change, and never what is in it: KEYS
// is a secret, of which JSON.parse would quote a part.
function readSettings(
  keys, origin, cdn, base, allowOrigin, clientIP, leewayText, revokedURL, adminKey,
) {
  const mistake = (text) => { throw new TypeError("videotoken: " + text); };
  let list, url;
  try {
    list = JSON.parse(keys);
  } catch {
    mistake('KEYS must be JSON: [{"id": 7, "secret": "..."}]');
  }
  if (!Array.isArray(list)) mistake('KEYS must be a list: [{"id": 7, "secret": "..."}]');
  try {
    url = new URL(origin);
  } catch {
    mistake("ORIGIN must be a scheme and a host: https://origin.example");
  }
  if (!/^https?:$/.test(url.protocol) || url.href !== url.origin + "/") {
    mistake("ORIGIN must be a scheme and a host alone: https://origin.example");
  }
  const canonical = canonicalPath(base);
  if (base && (canonical === null || spellPath(canonical) !== base || base.endsWith("/"))) {
    mistake("BASE must be a path without a slash at its end: /films");
  }
  if (/^(?:x-forwarded-for|forwarded|fastly-client-ip)$/i.test(clientIP)) {
    mistake(`CLIENT_IP must be a header that a client cannot write: ${clientIP} is none`);
  }
  if (!/^[A-Za-z0-9-]*$/.test(clientIP)) mistake("CLIENT_IP must be the name of a header");
  if (!/^[0-9]{0,4}$/.test(leewayText)) mistake("LEEWAY must be a number of seconds");
  if (revokedURL !== "" && !isRevokedURL(revokedURL)) {
    mistake("REVOKED_URL must be https, or http on this machine, without a query or a user: " +
      "https://admin.example/revoked");
  }
  if (!/^[A-Za-z0-9._~+/=-]*$/.test(adminKey)) mistake("ADMIN_KEY has letters that no key has");
  if (adminKey !== "" && revokedURL === "") mistake("ADMIN_KEY is for REVOKED_URL: set both");
  const leeway = leewayText === "" ? 10 : Number(leewayText);
  return {
    keys: importKeys(list), origin: url.origin, cdn, base, clientIP, leeway,
    allowed: allowOrigin.split(" ").filter((page) => page !== ""),
    revocations: revokedURL && new Revocations({ url: revokedURL, key: adminKey, leeway }),
  };
}
