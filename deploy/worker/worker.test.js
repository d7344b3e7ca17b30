// The fetch handler, with an origin that is a function.
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, mock, test } from "node:test";
import { vectors } from "./vectors.js";
import worker, { respond } from "./worker.js";

const { path: film } = vectors.mint[0];
const secret = vectors.keys[0].secret;
const vector = (name) => vectors.mint.find((c) => c.name === name);
const player = "https://player.example";
const env = {
  KEYS: JSON.stringify(vectors.keys), ORIGIN: "https://origin.example", ALLOW_ORIGIN: player,
  CLIENT_IP: "CF-Connecting-IP",
};
const good = `https://cdn.example${film}?token=${vectors.mint[0].token}`;

let fetched, logged, origin;

beforeEach(() => {
  [fetched, logged] = [[], []];
  origin = () => new Response("film", { headers: { "Cache-Control": "max-age=60" } });
  mock.method(globalThis, "fetch", async (url, init) => {
    fetched.push({ url, ...init, headers: Object.fromEntries(init.headers) });
    return origin();
  });
  mock.method(console, "error", (...args) => logged.push(args.join(" ")));
  mock.timers.enable({ apis: ["Date"], now: 1999990000_000 });
});

afterEach(() => mock.reset());

const ask = (url, init = {}, more = {}) =>
  worker.fetch(new Request(url, init), { ...env, ...more });
const status = async (...args) => (await ask(...args)).status;

describe("methods", () => {
  for (const [method, want] of Object.entries({ GET: 200, HEAD: 200 })) {
    test(method, async () => {
      assert.equal(await status(good, { method }), want);
      assert.equal(fetched[0].method, method);
    });
  }
  for (const method of ["POST", "PUT", "DELETE", "PATCH", "PROPFIND"]) {
    test(method, async () => {
      const got = await ask(good, { method, body: "x" });
      assert.equal(got.status, 405);
      assert.equal(got.headers.get("Allow"), "GET, HEAD, OPTIONS");
      assert.equal(got.headers.get("Cache-Control"), "no-store");
      assert.deepEqual(fetched, []);
    });
  }
});

test("what was verified is fetched, and nothing else of the request", async () => {
  const headers = {
    "Range": "bytes=0-9", "If-Range": '"1"', "User-Agent": "player", "Cookie": "a=b",
    "Authorization": "Basic eDp5", "X-Forwarded-For": "203.0.113.7", "X-Real-IP": "203.0.113.7",
    "Forwarded": "for=203.0.113.7", "True-Client-IP": "203.0.113.7", "X-Forwarded-Host": "a",
    "X-Original-URL": "/secret", "Accept-Encoding": "br", "CF-Connecting-IP": "203.0.113.7",
  };
  const directory = `https://cdn.example/~${vectors.mint[2].token}`;
  await ask(`${directory}/hls/bbb/%61;[1].ts?x='{1}&CMCD=bl%3D1`, { headers });
  assert.deepEqual(fetched, [{
    url: "https://origin.example/hls/bbb/a%3B%5B1%5D.ts?x=%27%7B1%7D",
    method: "GET", redirect: "manual",
    headers: {
      "accept-encoding": "identity", "if-range": '"1"', "range": "bytes=0-9",
      "user-agent": "player",
    },
  }]);
});

test("the cache's key has the CDN's name", async () => {
  await ask(good, {}, { CDN: "aws-1" });
  assert.deepEqual(fetched[0].cf, { cacheKey: `aws-1 ${film}` });
});

test("a base path", async () => {
  const url = good.replace(film, "/bucket" + film);
  assert.equal(await status(url, {}, { BASE: "/bucket" }), 200);
  assert.equal(fetched[0].url, `https://origin.example/bucket${film}`);
  assert.equal(await status(good, {}, { BASE: "/bucket" }), 403);
  assert.equal(await status(url), 403);
});

test("refusals are not stored", async () => {
  for (const [url, want, reason] of [
    [`https://cdn.example${film}`, 401, "missing"],
    [good + "A", 403, "malformed"],
    [good.replace("Big", "big"), 403, "signature"],
  ]) {
    const { status, headers } = await ask(url);
    assert.deepEqual([status, headers.get("X-Token-Reason")], [want, reason]);
    assert.equal(headers.get("Cache-Control"), "no-store");
    assert.equal(headers.get("WWW-Authenticate"), want === 401 ? "videotoken" : null);
    assert.equal(headers.get("Access-Control-Allow-Origin"), player);
  }
  assert.deepEqual(fetched, []);
});

test("the client's address", async () => {
  const { ip, token } = vector("IPv4 address");
  const url = `https://cdn.example${film}?token=${token}`;
  const forged = {
    "X-Forwarded-For": ip, "X-Real-IP": ip, "Forwarded": `for=${ip}`, "True-Client-IP": ip,
  };
  const reason = async (headers, more, address) => {
    const got = await respond(new Request(url, { headers }), { ...env, ...more }, address);
    return got.headers.get("X-Token-Reason");
  };
  assert.equal(await reason({ "CF-Connecting-IP": ip }), null);
  assert.equal(await reason(forged), "ip");
  assert.equal(await reason({ ...forged, "CF-Connecting-IP": "203.0.113.8" }), "signature");
  assert.equal(await reason({ "CF-Connecting-IP": `${ip}, ${ip}` }), "ip"); // two headers
  assert.equal(await reason({ "CF-Connecting-IP": ip }, { CLIENT_IP: "" }), "ip");
  assert.equal(await reason({}, {}, ip), null);
  assert.equal(await reason({ "CF-Connecting-IP": ip }, {}, "203.0.113.8"), "signature");
});

describe("CORS", () => {
  const preflight = { "Origin": player, "Access-Control-Request-Method": "GET" };
  const pages = `${player} https://other.example`;

  test("a preflight needs no token and asks nobody", async () => {
    const got = await ask(`https://cdn.example${film}`, { method: "OPTIONS", headers: preflight });
    assert.equal(got.status, 204);
    assert.deepEqual(Object.fromEntries(got.headers), {
      "access-control-allow-headers":
        "Range, CMCD-Request, CMCD-Object, CMCD-Status, CMCD-Session",
      "access-control-allow-methods": "GET, HEAD, OPTIONS",
      "access-control-allow-origin": player,
      "access-control-expose-headers": "X-Token-Reason",
      "access-control-max-age": "86400",
      "allow": "GET, HEAD, OPTIONS",
    });
    assert.deepEqual(fetched, []);
  });

  test("the origin has no say", async () => {
    origin = () => new Response("film", {
      headers: {
        "Access-Control-Allow-Origin": "*", "Access-Control-Allow-Credentials": "true",
        "Access-Control-Max-Age": "1", "X-Token-Reason": "none", "Vary": "Accept", "ETag": '"1"',
      },
    });
    for (const [allowed, page, named, vary] of [
      [player, player, player, "Accept"],
      [player, "https://stranger.example", player, "Accept"],
      ["*", player, "*", "Accept"],
      ["", player, null, "Accept"],
      [pages, player, player, "Accept, Origin"],
      [pages, "https://other.example", "https://other.example", "Accept, Origin"],
      [pages, "https://stranger.example", null, "Accept, Origin"],
      [pages, null, null, "Accept, Origin"],
    ]) {
      const headers = page === null ? {} : { Origin: page };
      const got = await ask(good, { headers }, { ALLOW_ORIGIN: allowed });
      const value = (name) => got.headers.get(name);
      assert.equal(await got.text(), "film");
      assert.equal(value("Access-Control-Allow-Origin"), named, `${allowed}, ${page}`);
      assert.equal(value("Vary"), vary, `${allowed}, ${page}`);
      assert.equal(value("ETag"), '"1"');
      for (const name of ["Allow-Credentials", "Max-Age"]) {
        assert.equal(value("Access-Control-" + name), null);
      }
      assert.equal(value("X-Token-Reason"), null);
    }
  });

  test("without pages there is none", async () => {
    const init = { method: "OPTIONS", headers: preflight };
    const got = await ask(good, init, { ALLOW_ORIGIN: undefined });
    assert.deepEqual(Object.fromEntries(got.headers), { allow: "GET, HEAD, OPTIONS" });
  });
});

describe("mistakes in the variables are 500, and their texts are no secret", () => {
  for (const [name, values] of Object.entries({
    KEYS: [
      undefined, "", "null", "[]", "{}", "7", `[{"id":7,"secret":"${secret}"`, `"${secret}"`,
      `[{"id":7,"secret":"${secret}x"}]`, `[${secret}]`,
    ],
    ORIGIN: [
      undefined, "", "origin.example", "ftp://origin.example", "https://origin.example/films",
      "https://user@origin.example", "https://origin.example/?x",
    ],
    BASE: ["/", "films", "/films/", "/a//b", "/%66ilms", "/a;b", "/.."],
    CLIENT_IP: ["X-Forwarded-For", "forwarded", "Fastly-Client-IP", "a b"],
    LEEWAY: ["-1", "ten", "1e3", "99999"],
    REVOKED_URL: [
      "admin.example", "http://admin.example/revoked", "https://user:pass@admin.example/revoked",
      "https://admin.example/revoked?since=0", "https://admin.example/revoked#", "ftp://localhost/",
      "http://localhost.example/revoked",
    ],
    ADMIN_KEY: ["alone", "a b", "a\nb"],
  })) {
    for (const value of values) {
      test(`${name}: ${value}`, async () => {
        const got = await ask(good, {}, { [name]: value });
        assert.equal(got.status, 500);
        assert.equal(got.headers.get("Cache-Control"), "no-store");
        assert.equal(await got.text(), "");
        assert.deepEqual(fetched, []);
        assert.equal(logged.length, 1);
        assert.ok(!logged[0].includes(secret.slice(0, 5)), logged[0]);
        assert.equal(await status(good), 200); // and the next one is not
      });
    }
  }
});

test("a corrected variable is read", async () => {
  assert.equal(await status(good, {}, { LEEWAY: "10" }), 200);
  assert.equal(await status(good, {}, { KEYS: JSON.stringify(vectors.keys.slice(1)) }), 403);
  assert.equal(await status(good), 200);
});

test("an origin that does not answer is 502", async () => {
  origin = () => { throw new TypeError("connection refused"); };
  const got = await ask(good);
  assert.equal(got.status, 502);
  assert.equal(got.headers.get("Cache-Control"), "no-store");
  assert.equal(got.headers.get("Access-Control-Allow-Origin"), player);
});

test("what the origin answers passes", async () => {
  for (const [status, headers] of [
    [206, { "Content-Range": "bytes 0-3/4" }], [304, {}], [404, {}],
    [302, { Location: "/elsewhere" }], [416, {}],
  ]) {
    origin = () => new Response(status === 304 ? null : "film", { status, headers });
    const got = await ask(good);
    assert.equal(got.status, status);
    for (const name in headers) assert.equal(got.headers.get(name), headers[name]);
  }
});
