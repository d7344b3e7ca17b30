// What the vectors do not have: arguments that are wrong, bytes that are not text, and base paths.
import assert from "node:assert/strict";
import { test } from "node:test";
import { masked, parseAddress } from "./address.js";
import { vectors } from "./vectors.js";
import { importKeys, verify } from "./videotoken.js";

const keys = importKeys(vectors.keys);
const { path: film, token } = vectors.mint[0];
const directory = "/~" + vectors.mint[2].token + "/hls/bbb";
const now = 1999990000;

test("a time, a leeway and a set of sessions", () => {
  const session = vectors.mint.find((c) => c.name === "session");
  const url = `${film}?token=${session.token}`;
  for (const [options, reason] of [
    [{ now }, ""],
    [{ now: 2000000010.9 }, ""],
    [{ now: 2000000011 }, "expired"],
    [{ now: 2000000001, leeway: 0 }, "expired"],
    [{ now: NaN }, "expired"],
    [{ now, leeway: NaN }, "expired"],
    [{}, "expired"],
    [{ now, revoked: new Set() }, ""],
    [{ now, revoked: new Set([session.session]) }, "revoked"],
  ]) {
    assert.equal(verify(url, { keys, ...options }).reason, reason, JSON.stringify(options));
  }
});

test("bytes and text that are not UTF-8", () => {
  const bytes = (string) => Buffer.from(string, "latin1");
  for (const [url, reason] of [
    [directory + "/\u00e9.ts", ""],
    [directory + "/\ud83d\ude00.ts", ""],
    [directory + "/\ud83d.ts", "path"],
    [directory + "/\ude00\ud83d.ts?\u00e9", "path"],
    [directory + "/a.ts?\ud83d", "path"],
    [bytes(directory + "/\xc3\xa9.ts"), ""],
    [bytes(directory + "/\xc3.ts"), "path"],
    [bytes(directory + "/\xc3%A9.ts"), "path"], // decoded it is UTF-8, as sent it is not
    [bytes(directory + "/\xed\xa0\x80.ts"), "path"],
    [bytes(directory + "/a.ts?\xff"), "path"],
    [bytes(`${film}?token=${token}\xff`), "malformed"],
    [`${film}?token=${token}\ud83d`, "malformed"],
  ]) {
    assert.equal(verify(url, { keys, now }).reason, reason, String(url));
  }
});

test("lengths", () => {
  for (const [url, reason] of [
    [`${directory}/a.ts?${"x".repeat(8192 - directory.length - 6)}`, ""],
    [`${directory}/a.ts?${"x".repeat(8193 - directory.length - 6)}`, "path"],
    [`https://cdn.example${directory}/a.ts?${"x".repeat(8192 - directory.length - 6)}`, ""],
    [`${directory}/${"\u00e9".repeat(4096)}.ts`, "path"], // 4 Ki characters, 8 KiB
    [`/~EA${"A".repeat(200_000)}/a.ts`, "malformed"],
    [`/~MA${"A".repeat(200_000)}/a.ts`, "version"],
    ["/" + "a".repeat(200_000), "missing"],
  ]) {
    assert.equal(verify(url, { keys, now }).reason, reason, `${url.slice(0, 80)}, ${url.length}`);
  }
});

test("absolute URLs", () => {
  for (const [url, reason] of [
    [`HTTPS://CDN.EXAMPLE:443${film}?token=${token}`, ""],
    [new URL(`https://cdn.example${film}?token=${token}`), ""],
    [`http://a_b.example${film}?token=${token}`, ""],
    [`https://cdn.example${film}?token=${token}#t=1`, "malformed"], // no client sends a fragment
    [`https://cdn.example${film}?token=${token}&#t=1`, "path"],
    [`https://cdn.example?token=${token}`, "signature"], // of "/"
    [`https://user@cdn.example${film}?token=${token}`, "path"],
    [`https://cdn.example\\secret${film}?token=${token}`, "path"],
    [`ftp://cdn.example${film}?token=${token}`, "path"],
    [`//cdn.example${film}?token=${token}`, "path"],
    [`?token=${token}`, "path"],
    ["*", "missing"],
    ["", "missing"],
  ]) {
    assert.equal(verify(url, { keys, now }).reason, reason, String(url));
  }
});

test("a base path", () => {
  for (const [url, reason, uri] of [
    [`/films${film}?token=${token}`, "", "/films" + film],
    [`https://cdn.example/films${film}?token=${token}`, "", "/films" + film],
    [`/films${directory}/a;b.ts?x`, "", "/films/hls/bbb/a%3Bb.ts?x"],
    [`${directory}/a.ts`, "missing"], // before the base there is no token
    [`${directory}/films/hls/bbb/a.ts`, "missing"],
    [`/films2${film}?token=${token}`, "path"],
    [`/film%73${film}?token=${token}`, "path"],
    [`/films?token=${token}`, "path"],
    [`${film}?token=${token}`, "path"],
    [`/films/films${film}?token=${token}`, "signature"],
    [`/films/..${film}?token=${token}`, "path"],
  ]) {
    const got = verify(url, { keys, now, base: "/films" });
    assert.deepEqual([got.reason, got.uri], [reason, uri], url);
  }
});

test("addresses", () => {
  const v6 = (hex) => [...Buffer.from(hex.replaceAll(" ", ""), "hex")];
  const addresses = [
    ["203.0.113.7", [203, 0, 113, 7]],
    ["::ffff:203.0.113.7", [203, 0, 113, 7]],
    ["::ffff:cb00:7107", [203, 0, 113, 7]],
    ["::", v6("00".repeat(16))],
    ["::1", v6("00".repeat(15) + "01")],
    ["1::", v6("0001" + "00".repeat(14))],
    ["2001:db8::7", v6("20010db8 00000000 00000000 00000007")],
    ["2001:DB8:0:0:0:0:192.0.2.1", v6("20010db8 00000000 00000000 c0000201")],
    ["1:2:3:4:5:6:7:8", v6("0001000200030004 0005000600070008")],
  ];
  for (const [text, want] of addresses) assert.deepEqual(parseAddress(text), want, text);
  for (const text of [
    "", "1.2.3", "1.2.3.4.5", "01.2.3.4", "256.1.1.1", "1.2.3.4 ", ":", ":::", "1::2::3",
    "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7::8:9", "12345::", "g::", "::1.2.3",
    "1.2.3.4::", "fe80::1%eth0", "[::1]", "1.2.3.4:80", "1.2.3.4, 5.6.7.8", undefined, null, 7,
  ]) {
    assert.equal(parseAddress(text), null, String(text));
  }
  assert.deepEqual(masked([203, 0, 113, 7], 32), [203, 0, 113, 7]);
  assert.deepEqual(masked([203, 0, 113, 7], 20), [203, 0, 112, 0]);
  assert.deepEqual(masked([203, 0, 113, 7], 0), [0, 0, 0, 0]);
});

test("invalid keys", () => {
  const { secret } = vectors.keys[0];
  for (const list of [
    [], [{ id: 7 }], [{ id: 7, secret: "" }], [{ id: 7, secret: secret + "A" }],
    [{ id: 70000, secret }], [{ id: -1, secret }], [{ id: "7", secret }],
    [{ id: 7, secret, version: 3 }], [{ id: 7, secret, version: "1" }],
    [{ id: 7, secret }, { id: 7, secret, version: 2 }], [null], null,
  ]) {
    assert.throws(() => importKeys(list), TypeError, JSON.stringify(list));
  }
});

test("no error has a secret in it", () => {
  const { secret } = vectors.keys[0];
  for (const list of [[{ id: 7, secret, version: 3 }], [{ id: 7, secret }, { id: 7, secret }]]) {
    assert.throws(() => importKeys(list), ({ message }) => !message.includes(secret.slice(0, 5)));
  }
});
