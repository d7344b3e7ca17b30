// Every case of the format's vectors, by the module as it is deployed.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { binary, canonicalPath } from "./uri.js";
import { vectors } from "./vectors.js";
import { importKeys, verify } from "./videotoken.js";

const keysOf = (ids) => importKeys(vectors.keys.filter((key) => ids.includes(key.id)));

const check = ({ keys, now, ip, revoked }, url) =>
  verify(url, { keys: keysOf(keys), now, ip, leeway: vectors.leeway, revoked: new Set(revoked) });

// expected is what the result for an accepted URL must be.
const expected = (c) => ({
  reason: "", key: c.key, expiry: c.expiry, notBefore: c.notBefore ?? 0, depth: c.depth,
  session: c.session ?? "", renewableUntil: c.renewableUntil ?? 0, ttl: c.ttl ?? 0,
});

describe("mint: what a signer makes is verified", () => {
  for (const c of vectors.mint) {
    test(c.name, () => {
      const request = { keys: [c.key], now: c.expiry, ip: c.ip };
      const { path, uri, ...got } = check(request, c.query
        ? `${c.path}?${c.query}&token=${c.token}`
        : `/~${c.token}${c.path}`);
      assert.deepEqual(got, expected(c));
      assert.equal(path, c.path);
    });
  }
});

// A request line has a URL as text or as bytes, a Request has it absolute.
const forms = {
  "target": (uri) => uri,
  "bytes of a target": (uri) => Buffer.from(uri),
  "absolute URL": (uri) => "https://cdn.example" + uri,
  "absolute URL with a port": (uri) => "http://[::1]:8080" + uri,
};
for (const [name, form] of Object.entries(forms)) {
  describe(`accept, ${name}`, () => {
    for (const c of vectors.accept) {
      test(c.name, () => {
        const { notBefore, path, uri, ...got } = check(c, form(c.uri));
        const want = expected(c);
        delete want.notBefore; // the vectors do not have it
        assert.deepEqual(got, want);
        assert.deepEqual({ path, uri }, { path: c.path, uri: c.serve });
      });
    }
  });
  describe(`reject, ${name}`, () => {
    for (const c of vectors.reject) {
      test(c.name, () => assert.deepEqual(check(c, form(c.uri)), { reason: c.reason }));
    }
  });
}

describe("canonical", () => {
  for (const c of vectors.canonical) {
    test(JSON.stringify(c.path), () => {
      const got = canonicalPath(binary(c.path));
      const hex = got === null ? undefined : Buffer.from(got, "latin1").toString("hex");
      assert.equal(hex, c.canonical_hex);
    });
  }
});

// Many runtimes parse a URL with the URL class before a worker sees it.
describe("a URL that was parsed before", () => {
  const parsed = (uri) => new URL("https://cdn.example" + uri).href;
  for (const c of vectors.accept) {
    test(`accepted, ${c.name}`, () => {
      const { reason, uri } = check(c, parsed(c.uri));
      assert.deepEqual({ reason, uri }, { reason: "", uri: c.serve });
    });
  }
  // What the parser repairs is another URL, and is served as that.
  const repaired = {
    "line feed inside": vectors.mint[0].path,
    "raw space": "/my%20film%2B1.mp4",
    "raw quote": "/hls/bbb/a%22b.ts",
    "raw angle bracket": "/hls/bbb/a%3Cb.ts",
    "backslash": "/hls/bbb/seg-1.ts",
    "control in a query": "/hls/bbb/s.ts?a=",
  };
  for (const c of vectors.reject) {
    test(`rejected, ${c.name}`, () => {
      const { reason, uri } = check(c, parsed(c.uri));
      assert.deepEqual([reason === "", uri], [c.name in repaired, repaired[c.name]]);
    });
  }
});
