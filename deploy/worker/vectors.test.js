// Every case of the format's vectors, by the module as it is deployed.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { canonicalPath, importKeys, parseAddress, verify } from "./videotoken.js";

const vectors = JSON.parse(readFileSync(new URL("../../token/testdata/vectors.json", import.meta.url)));
for (const part of ["keys", "mint", "accept", "reject", "canonical"]) {
  assert.ok(vectors[part]?.length > 0, `vectors.json has no ${part}`);
}

const keysOf = (ids) => importKeys(vectors.keys.filter((k) => ids.includes(k.id)));
const check = ({ uri, keys, now, ip, revoked }, base = "") => verify(base + uri, { keys: keysOf(keys), now, ip, leeway: vectors.leeway, revoked: new Set(revoked) });

describe("mint: what a signer makes is verified", () => {
  for (const c of vectors.mint) {
    test(c.name, () => {
      const got = check({ uri: c.query ? `${c.path}?${c.query}&token=${c.token}` : `/~${c.token}${c.path}`, keys: [c.key], now: c.expiry, ip: c.ip });
      const { reason, key, expiry, notBefore, depth, session, path, renewableUntil, ttl } = got;
      assert.deepEqual(
        { reason, key, expiry, notBefore, depth, session, path, renewableUntil, ttl },
        { reason: "", key: c.key, expiry: c.expiry, notBefore: c.notBefore ?? 0, depth: c.depth, session: c.session ?? "", path: c.path, renewableUntil: c.renewableUntil ?? 0, ttl: c.ttl ?? 0 },
      );
    });
  }
});

// As a request line has a URI, and as a Request has it.
for (const base of ["", "https://cdn.example"]) {
  describe(`accept ${base}`, () => {
    for (const c of vectors.accept) {
      test(c.name, () => {
        const got = check(c, base);
        assert.equal(got.reason, "");
        assert.deepEqual([got.key, got.expiry, got.depth, got.path, got.session], [c.key, c.expiry, c.depth, c.path, c.session ?? ""]);
        assert.equal(got.uri, c.serve);
        assert.deepEqual([got.renewableUntil, got.ttl], [c.renewableUntil ?? 0, c.ttl ?? 0]);
      });
    }
  });
  describe(`reject ${base}`, () => {
    for (const c of vectors.reject) {
      if (base && c.uri.includes("#")) continue; // a client keeps the fragment of a whole URL to itself
      test(c.name, () => assert.deepEqual(check(c, base), { reason: c.reason }));
    }
  });
}

describe("canonical", () => {
  for (const c of vectors.canonical) {
    test(JSON.stringify(c.path), () => {
      const got = canonicalPath(c.path);
      assert.equal(got && Buffer.from(got).toString("hex"), c.error ? null : c.canonical_hex);
    });
  }
});

test("addresses", () => {
  const v6 = (hex) => [...Buffer.from(hex.replaceAll(" ", ""), "hex")];
  for (const [text, want] of [
    ["203.0.113.7", [203, 0, 113, 7]],
    ["::ffff:203.0.113.7", [203, 0, 113, 7]],
    ["::ffff:cb00:7107", [203, 0, 113, 7]],
    ["::", v6("00".repeat(16))],
    ["::1", v6("00".repeat(15) + "01")],
    ["1::", v6("0001" + "00".repeat(14))],
    ["2001:db8::7", v6("20010db8 00000000 00000000 00000007")],
    ["2001:DB8:0:0:0:0:192.0.2.1", v6("20010db8 00000000 00000000 c0000201")],
    ["1:2:3:4:5:6:7:8", v6("0001000200030004 0005000600070008")],
    ...["", "1.2.3", "1.2.3.4.5", "01.2.3.4", "256.1.1.1", "1.2.3.4 ", ":", ":::", "1::2::3", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7::8:9",
      "12345::", "g::", "::1.2.3", "1.2.3.4::", "fe80::1%eth0", "[::1]", "1.2.3.4:80", undefined, null].map((text) => [text, null]),
  ]) {
    assert.deepEqual(parseAddress(text), want, String(text));
  }
});

test("keys that are none", () => {
  const secret = vectors.keys[0].secret;
  for (const list of [[], [{ id: 7 }], [{ id: 7, secret: "" }], [{ id: 7, secret: secret + "A" }], [{ id: 70000, secret }], [{ id: "7", secret }], [{ id: 7, secret }, { id: 7, secret }]]) {
    assert.throws(() => importKeys(list), TypeError);
  }
});
