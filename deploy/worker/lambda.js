// The verifier as a Lambda@Edge function for CloudFront's viewer requests. Bundle it with its keys:
// Lambda@Edge has no environment variables.
//
//     export const handler = viewerRequest(importKeys([{ id: 7, secret: "..." }]));
//
// CloudFront's cache is keyed on what the function returns, if the cache policy includes all query
// strings. The CORS headers of what is served are a response headers policy's, which must override
// the origin's; here are those of the answers that the function gives by itself.

import { ALLOWED, cors, PREFLIGHT } from "./cors.js";
import { isRevokedURL, Revocations } from "./revoked.js";
import { verify } from "./videotoken.js";

export { importKeys } from "./videotoken.js";

const seconds = () => Date.now() / 1000;

// CloudFront ends a function of viewer requests after 5 s.
const FIRST_TIME = 3000;

// viewerRequest returns the handler of an event. The options are verify()'s leeway, revoked and
// base; allowed, the origins of the pages that may play; revokedURL and adminKey, which are
// REVOKED_URL and ADMIN_KEY of worker.js; and now, a clock.
export function viewerRequest(
  keys,
  { now = seconds, allowed = [], revokedURL = "", adminKey = "", leeway = 10, ...options } = {},
) {
  if (revokedURL !== "" && !isRevokedURL(revokedURL)) {
    throw new TypeError("videotoken: revokedURL must be https: https://admin.example/revoked");
  }
  const revocations = revokedURL &&
    new Revocations({ url: revokedURL, key: adminKey, leeway, firstTime: FIRST_TIME });
  return async (event) => {
    const { request } = event.Records[0].cf;
    const headers = cors(allowed, request.headers.origin?.[0].value ?? null);
    if (request.method === "OPTIONS") {
      return answer(204, { ...headers, ...(allowed.length > 0 && PREFLIGHT), Allow: ALLOWED });
    }
    if (request.method !== "GET" && request.method !== "HEAD") {
      return answer(405, { ...headers, "Cache-Control": "no-store", Allow: ALLOWED });
    }
    const target = request.querystring ? `${request.uri}?${request.querystring}` : request.uri;
    const time = now();
    let { reason, uri, session } = verify(
      target, { ...options, keys, leeway, now: time, ip: request.clientIp },
    );
    if (reason === "" && session && revocations) {
      reason = await revocations.reason(session, time * 1000);
    }
    if (reason !== "") {
      return answer(STATUSES[reason] ?? 403, {
        ...headers,
        "Cache-Control": "no-store",
        "X-Token-Reason": reason,
        ...(reason === "missing" && { "WWW-Authenticate": "videotoken" }),
        ...(reason === "not-loaded" && { "Retry-After": "1" }),
      });
    }
    const [path, ...query] = uri.split("?");
    return { ...request, uri: path, querystring: query.join("?") };
  };
}

const STATUSES = { missing: 401, "not-loaded": 503 };
const DESCRIPTIONS = {
  204: "No Content", 401: "Unauthorized", 403: "Forbidden", 405: "Method Not Allowed",
  503: "Service Unavailable",
};

// answer is a response in the form that CloudFront takes.
function answer(status, headers) {
  const entry = ([key, value]) => [key.toLowerCase(), [{ key, value }]];
  return {
    status: String(status),
    statusDescription: DESCRIPTIONS[status],
    headers: Object.fromEntries(Object.entries(headers).map(entry)),
  };
}
