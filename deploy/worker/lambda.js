// The verifier as a Lambda@Edge function for CloudFront's viewer requests, bundled with its keys, for Lambda@Edge has
// no environment variables:
//
//     export const handler = viewerRequest(importKeys([{ id: 7, secret: "..." }]));

import { verify } from "./videotoken.js";

export { importKeys } from "./videotoken.js";

export const viewerRequest = (keys, now = () => Date.now() / 1000) => async (event) => {
  const { request } = event.Records[0].cf;
  const target = request.querystring ? `${request.uri}?${request.querystring}` : request.uri;
  const { reason, uri } = verify(target, { keys, now: now(), ip: request.clientIp });
  if (reason) {
    const header = (key, value) => ({ [key.toLowerCase()]: [{ key, value }] });
    const missing = reason === "missing";
    return {
      status: missing ? "401" : "403",
      statusDescription: missing ? "Unauthorized" : "Forbidden",
      headers: { ...header("X-Token-Reason", reason), ...header("Cache-Control", "no-store"), ...(missing && header("WWW-Authenticate", "videotoken")) },
    };
  }
  // CloudFront's cache is keyed on what this function returns.
  [request.uri, request.querystring] = [uri.split("?", 1)[0], uri.includes("?") ? uri.slice(uri.indexOf("?") + 1) : ""];
  return request;
};
