// The function as CloudFront runs it: its text in a context that has nothing but createHmac, a
// clock, and the language; every vector of the format's version 2.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import vm from "node:vm";
import { functionSource } from "./source.js";

const text = readFileSync(new URL("videotoken.js", import.meta.url), "utf8");
const vectors = JSON.parse(readFileSync(new URL("../../token/testdata/vectors.json", import.meta.url), "utf8"));
const second = vectors.keys.filter((key) => key.version === 2);

// load runs the function's source with its settings filled in, as an operator does.
function load(now, { keys = second, ...settings } = {}) {
  const source = keys.length === 0 ? text : functionSource({ keys, ...settings });
  const require = (name) => {
    assert.equal(name, "crypto");
    return { createHmac };
  };
  const context = vm.createContext({ require, Date: { now: () => now * 1000 } });
  for (const name of ["fetch", "process", "Buffer", "setTimeout", "TextEncoder", "URL"]) {
    assert.equal(vm.runInContext(`typeof ${name}`, context), "undefined");
  }
  return vm.runInContext(`${source}\nhandler`, context);
}

// ask calls the function with the event of a request.
function ask(handler, target, ip, method = "GET") {
  const at = target.indexOf("?");
  const query = at < 0 ? "" : target.slice(at + 1);
  return handler({
    version: "1.0", viewer: { ip },
    request: { method, uri: at < 0 ? target : target.slice(0, at), querystring: {}, headers: {}, cookies: {}, rawQueryString: () => query },
  });
}

const served = (r) => r.uri + (r.querystring ? "?" + r.querystring : "");

test("10 KB of 1,000 bytes at most, and no syntax of modules", () => {
  assert.ok(Buffer.byteLength(text) <= 10_000, `${Buffer.byteLength(text)} bytes`);
  assert.doesNotMatch(text, /^\s*(import|export|await)\b/m);
});

test("there are vectors", () => {
  assert.ok(second.length > 0);
  const used = [...vectors.mint, ...vectors.accept].filter((c) => second.some((key) => key.id === c.key));
  assert.ok(used.length >= 3, `${used.length} vectors`);
});

describe("mint", () => {
  for (const c of vectors.mint.filter((c) => second.some((key) => key.id === c.key))) {
    test(c.name, () => {
      const target = c.query ? `${c.path}?${c.query}&token=${c.token}` : `/~${c.token}${c.path}`;
      const r = ask(load(c.expiry), target, c.ip);
      assert.equal(r.statusCode, undefined, JSON.stringify(r));
    });
  }
});

describe("accept", () => {
  for (const c of vectors.accept.filter((c) => second.some((key) => key.id === c.key))) {
    test(c.name, () => {
      const r = ask(load(c.now, { revoked: c.revoked }), c.uri, c.ip);
      assert.equal(r.statusCode, undefined, JSON.stringify(r));
      assert.equal(served(r), c.serve);
    });
  }
});

// The vectors refuse each case with all keys. The function has only keys of version 2, and must
// refuse it, too. Where the case has no other keys, the reason must be the same.
describe("reject", () => {
  for (const c of vectors.reject) {
    test(c.name, () => {
      const keys = second.filter((key) => c.keys.includes(key.id));
      const r = ask(load(c.now, { revoked: c.revoked, keys }), c.uri, c.ip);
      assert.ok(r.statusCode === 403 || r.statusCode === 401, JSON.stringify(r));
      if (c.keys.every((id) => second.some((key) => key.id === id))) {
        assert.equal(r.headers["x-token-reason"].value, c.reason);
      }
      assert.equal(r.statusCode === 401, r.headers["x-token-reason"].value === "missing");
    });
  }
});

test("methods, base path, keys", () => {
  const c = vectors.accept.find((c) => second.some((key) => key.id === c.key) && c.uri.startsWith("/~"));
  const handler = load(c.now);
  assert.equal(ask(handler, c.uri, c.ip, "POST").statusCode, 405);
  assert.equal(ask(handler, c.uri, c.ip, "HEAD").statusCode, undefined);
  assert.equal(served(ask(load(c.now, { base: "/films" }), "/films" + c.uri, c.ip)), "/films" + c.serve);
  assert.equal(ask(load(c.now, { base: "/films" }), c.uri, c.ip).statusCode, 401);
  assert.equal(ask(load(c.now, { keys: [] }), c.uri, c.ip).headers["x-token-reason"].value, "unknown-key");
});

test("settings", () => {
  const [key] = second;
  const refuses = (settings, error) => assert.throws(() => functionSource(settings), error);
  for (const keys of [
    [], [{ id: key.id }], [{ ...key, id: -1 }], [{ ...key, id: 1.5 }], [{ ...key, version: 1 }],
    [{ ...key, secret: key.secret.slice(1) }], [{ ...key, secret: key.secret.slice(1) + "B" }],
    [key, key],
  ]) refuses({ keys }, TypeError);
  for (const base of ["films", "/films/", "/a'\nb", "/a?b"]) refuses({ keys: [key], base }, TypeError);
  for (const leeway of [-1, 0.5, "10"]) refuses({ keys: [key], leeway }, TypeError);
  refuses({ keys: [key], revoked: ["x"] }, TypeError);
  const revoked = Array.from({ length: 100 }, (_, i) => String(i).padStart(16, "0"));
  refuses({ keys: [key], revoked }, RangeError);
  assert.match(functionSource({ keys: [key], base: "/$&", leeway: 3 }), /^const BASE = "\/\$&";[^]*^const LEEWAY = 3;/m);
});
