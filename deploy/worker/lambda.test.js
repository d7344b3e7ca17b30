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

// revoking makes a handler that asks an endpoint, and the questions that it asked.
function revoking(t, endpoint, clock) {
  const asked = [];
  t.mock.method(globalThis, "fetch", async (to, { headers, signal }) => {
    asked.push([to, headers.get("Authorization")]);
    return endpoint(signal);
  });
  t.mock.method(console, "error", () => {});
  const handler = viewerRequest(keys, {
    now: () => clock.now, revokedURL: "https://admin.example/revoked", adminKey: "videotoken_key",
  });
  const ask = async (text = inSession.token) => {
    const got = await handler(event({ uri: film, querystring: `token=${text}` }));
    return got.status ? [got.status, got.headers["x-token-reason"][0].value] : got.uri;
  };
  return { ask, asked };
}

const inSession = vectors.mint.find((c) => c.name === "session");
const page = (...revoked) => Response.json({ revoked, next: 1, more: false });

test("a revoked session is refused within a second", async (t) => {
  const clock = { now: 1999990000 };
  let revoked = [];
  const { ask, asked } = revoking(t, () => page(...revoked), clock);
  assert.equal(await ask(token), film);
  assert.deepEqual(await ask(token.slice(0, -1) + "A"), ["403", "signature"]);
  assert.deepEqual(asked, [], "only good tokens with a session have the function ask");
  assert.equal(await ask(), film);
  assert.deepEqual(asked, [["https://admin.example/revoked?since=0", "Bearer videotoken_key"]]);
  revoked = [{ session: inSession.session, until: 2000000000 }];
  assert.equal(await ask(), film);
  clock.now += 1;
  assert.deepEqual(await ask(), ["403", "revoked"]);
  assert.equal(asked.length, 2);
});

test("until the set was loaded, tokens with a session are refused with 503", async (t) => {
  const clock = { now: 1999990000 };
  let endpoint = () => { throw new TypeError("connection refused"); };
  const { ask } = revoking(t, (signal) => endpoint(signal), clock);
  assert.deepEqual(await ask(), ["503", "not-loaded"]);
  assert.equal(await ask(token), film);
  endpoint = () => page();
  clock.now += 2;
  assert.equal(await ask(), film);
});

test("the first question ends before CloudFront ends the function", async (t) => {
  let given;
  t.mock.method(AbortSignal, "timeout", (ms) => { given = ms; return new AbortController().signal; });
  const { ask } = revoking(t, () => page(), { now: 1999990000 });
  assert.equal(await ask(), film);
  assert.ok(given < 5000, `${given} ms`);
});

test("a URL to which the admin's key must not go", () => {
  for (const revokedURL of ["http://admin.example/revoked", "https://admin.example/revoked?a", "x"]) {
    assert.throws(() => viewerRequest(keys, { revokedURL }), /revokedURL/);
  }
});
