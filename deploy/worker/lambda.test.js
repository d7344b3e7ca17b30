import assert from "node:assert/strict";
import { test } from "node:test";
import { importKeys, viewerRequest } from "./lambda.js";
import { vectors } from "./vectors.js";

const keys = importKeys(vectors.keys);
const { path: film, token } = vectors.mint[0];
const directory = vectors.mint[2].token;
const clip = vectors.mint.find((c) => c.name === "query, signed");
const bound = vectors.mint.find((c) => c.name === "IPv4 address");
const player = "https://player.example";

// The event's shape is that of the CloudFront Developer Guide, "Lambda@Edge event structure".
const event = (request) => ({
  Records: [{
    cf: {
      config: { eventType: "viewer-request" },
      request: {
        clientIp: "203.0.113.178", method: "GET", querystring: "",
        headers: { host: [{ key: "Host", value: "d111.cloudfront.net" }] }, ...request,
      },
    },
  }],
});

const handle = (request, options) =>
  viewerRequest(keys, { now: () => 1999990000, ...options })(event(request));

for (const [name, request, options, want] of [
  ["token in the query", { uri: film, querystring: `token=${token}` }, {},
    { uri: film, querystring: "" }],
  ["what a client adds", { uri: film, querystring: `token=${token}&b` }, {},
    { uri: film, querystring: "" }],
  ["token in the path", { uri: `/~${token}${film}` }, {}, { uri: film, querystring: "" }],
  ["signed query", { uri: clip.path, querystring: `${clip.query}&token=${clip.token}&end=9` }, {},
    { uri: clip.path, querystring: clip.query }],
  ["question mark in a query", { uri: `/~${directory}/hls/bbb/a.ts`, querystring: "a=b?c" }, {},
    { uri: "/hls/bbb/a.ts", querystring: "a=b?c" }],
  ["base path", { uri: `/films${film}`, querystring: `token=${token}` }, { base: "/films" },
    { uri: `/films${film}`, querystring: "" }],
  ["no token", { uri: film }, {}, { status: "401", reason: "missing" }],
  ["expired", { uri: film, querystring: `token=${token}` }, { now: () => 2000000011 },
    { status: "403", reason: "expired" }],
  ["bound to another address", { uri: film, querystring: `token=${bound.token}` }, {},
    { status: "403", reason: "signature" }],
  ["bound to the client's address",
    { uri: film, querystring: `token=${bound.token}`, clientIp: bound.ip }, {},
    { uri: film, querystring: "" }],
]) {
  test(name, async () => {
    const got = await handle(request, options);
    const { status, headers, uri, querystring } = got;
    const reason = headers["x-token-reason"]?.[0].value;
    assert.deepEqual(status ? { status, reason } : { uri, querystring }, want);
    assert.equal(headers.host === undefined, status !== undefined);
    if (status) assert.equal(headers["cache-control"][0].value, "no-store");
  });
}

test("methods and preflights", async () => {
  const request = { uri: film, querystring: `token=${token}`, method: "POST" };
  const refused = await handle(request);
  assert.deepEqual([refused.status, refused.headers.allow[0].value], ["405", "GET, HEAD, OPTIONS"]);
  const headers = { origin: [{ key: "Origin", value: player }] };
  const preflight = { uri: film, method: "OPTIONS", headers };
  for (const [allowed, named, vary] of [
    [[player], player, undefined],
    [[], undefined, undefined],
    [["https://other.example", player], player, "Origin"],
  ]) {
    const got = await handle(preflight, { allowed });
    const value = (name) => got.headers[name]?.[0].value;
    assert.equal(got.status, "204");
    assert.equal(value("access-control-allow-origin"), named);
    assert.equal(value("vary"), vary);
    assert.equal(value("access-control-max-age"), named && "86400");
  }
});
