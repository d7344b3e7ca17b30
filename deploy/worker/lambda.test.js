import assert from "node:assert/strict";
import { test } from "node:test";
import { importKeys, viewerRequest } from "./lambda.js";

const keys = importKeys([{ id: 7, secret: "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8" }]);
const film = "/Big_Buck_Bunny_1080p_surround_FrostWire.com.mp4", token = "EAAAB3c1lACW0A8SfX7ix1VKGtKfslCc";

// The event's shape is that of the CloudFront Developer Guide, "Lambda@Edge event structure", viewer request.
const event = (uri, querystring, clientIp = "203.0.113.178") => ({
  Records: [{ cf: { config: { eventType: "viewer-request" }, request: { clientIp, headers: { host: [{ key: "Host", value: "d111.cloudfront.net" }] }, method: "GET", querystring, uri } } }],
});

for (const [name, uri, query, now, want] of [
  ["token in the query", film, `token=${token}`, 1999990000, { uri: film, querystring: "" }],
  ["what a client adds after the token", film, `token=${token}&b`, 1999990000, { uri: film, querystring: "" }],
  ["token in the path", `/~${token}${film}`, "", 1999990000, { uri: film, querystring: "" }],
  ["no token", film, "", 1999990000, { status: "401", reason: "missing" }],
  ["expired", film, `token=${token}`, 2000000011, { status: "403", reason: "expired" }],
  ["bound to another address", film, "token=EAIAB3c1lAAgYhM_PUmTOVo1v-kmIh5pdg", 1999990000, { status: "403", reason: "signature" }],
]) {
  test(name, async () => {
    const got = await viewerRequest(keys, () => now)(event(uri, query));
    const { status, headers } = got;
    assert.deepEqual(status ? { status, reason: headers["x-token-reason"][0].value } : { uri: got.uri, querystring: got.querystring }, want);
    assert.equal(status === undefined, headers.host !== undefined);
  });
}
