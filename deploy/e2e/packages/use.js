// What users do with the packages, in plain Node: packages.test.js runs this in a project that has
// them installed. The argument is the file of the format's vectors. It prints a value of each type
// that the packages return, as JSON by module and type, for the compiler to check.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { functionSource } from "videotoken-cloudfront-function";
import { VideoTokens } from "videotoken-player";
import { importKeys, verify } from "videotoken-worker";
import { viewerRequest } from "videotoken-worker/lambda.js";
import worker, { respond } from "videotoken-worker/worker.js";

const vectors = JSON.parse(readFileSync(process.argv[2], "utf8"));
const named = (part, name) => {
  const found = vectors[part].find((c) => c.name === name);
  assert.ok(found, `the vectors have no ${name}`);
  return found;
};
const first = named("accept", "depth 2: segment in a folder below");
const second = named("accept", "version 2");
const bad = named("reject", "last bit of the tag");

// The worker, as a function, as a fetch handler, and for Lambda@Edge.
const keys = importKeys(vectors.keys);
for (const c of [first, second]) {
  const { reason, uri } = verify(c.uri, { keys, now: c.now });
  assert.deepEqual({ reason, uri }, { reason: "", uri: c.serve });
}
assert.deepEqual(verify(bad.uri, { keys, now: bad.now }), { reason: bad.reason });

const env = { KEYS: JSON.stringify(vectors.keys), ORIGIN: "https://origin.example" };
const request = new Request("https://cdn.example" + bad.uri);
for (const response of [await worker.fetch(request, env), await respond(request, env)]) {
  assert.equal(response.status, 403);
  assert.equal(response.headers.get("X-Token-Reason"), bad.reason);
}

const handler = viewerRequest(keys, { now: () => first.now });
const event = (uri) => ({ Records: [{ cf: { request: {
  clientIp: "192.0.2.1", method: "GET", uri, querystring: "", headers: {},
} } }] });
assert.equal((await handler(event(first.uri))).uri, first.serve);
assert.equal((await handler(event(bad.uri))).status, "403");

// The function, in the place of CloudFront: with its crypto, and a clock that stands still.
const source = functionSource({ keys: vectors.keys.filter((key) => key.version === 2) });
const define = new Function("require", "Date", `${source}\nreturn handler;`);
const cloudfront = define(() => ({ createHmac }), { now: () => second.now * 1000 });
const [uri, query = ""] = second.uri.split("?");
const served = cloudfront({
  viewer: { ip: "192.0.2.1" },
  request: { method: "GET", uri, querystring: {}, rawQueryString: () => query },
});
assert.equal(served.uri + (served.querystring && "?" + served.querystring), second.serve);

// The player's addresses: after a renewal, URLs with the old token get the new one. Then its CDN
// fails, the service does not answer, and the service refuses.
const signed = (n, cdn = "a") => `https://${cdn}.example/~T${n}/film/master.m3u8`;
const segment = (n, cdn = "a") => `https://${cdn}.example/~T${n}/film/high/seg-1.ts`;
const init = { headers: { "Cache-Control": "max-age=600" } };
const answers = [
  Response.json({ urls: [signed(2)] }, init),
  Response.json({ sources: [{ src: signed(3, "b") }] }, init),
  Response.json({}, { status: 503 }),
  Response.json({ detail: "revoked" }, { status: 403, headers: { "X-Token-Reason": "revoked" } }),
];
const tokens = new VideoTokens({
  service: "https://tokens.example", urls: [signed(1)], maxAge: 600,
  document: { video: { sources: [{ src: "/film/master.m3u8" }] } },
  cdns: { a: "https://a.example", b: "https://b.example" },
  fetch: async () => answers.shift(),
});
const heard = {};
for (const type of ["renewed", "failover", "retry", "ended"]) {
  tokens.addEventListener(type, ({ detail }) => { heard[type] = detail; });
}
assert.equal(tokens.rewrite(segment(1)), segment(1));
await tokens.renew();
assert.equal(tokens.rewrite(segment(1)), segment(2));
assert.equal(await tokens.ready(segment(1)), segment(2));
assert.equal(tokens.rewrite("https://other.example/film.ts"), "https://other.example/film.ts");
await tokens.failed(segment(2), 0);
assert.equal(tokens.rewrite(segment(1)), segment(3, "b"));
await tokens.renew();
await tokens.renew();
assert.equal(tokens.ended, "revoked");
tokens.close();

console.log(JSON.stringify({
  "videotoken-worker": {
    Accepted: verify(first.uri, { keys, now: first.now }),
    Refused: verify(bad.uri, { keys, now: bad.now }),
  },
  "videotoken-worker/lambda.js": {
    ViewerRequest: await handler(event(first.uri)), Answer: await handler(event(bad.uri)),
  },
  "videotoken-cloudfront-function": { Refusal: cloudfront({
    viewer: { ip: "192.0.2.1" }, request: { method: "GET", uri: "/", rawQueryString: () => "" },
  }) },
  "videotoken-player": {
    Renewed: heard.renewed, Failover: heard.failover, Retry: heard.retry, Ended: heard.ended,
  },
}));
