// What stands around the examples of the READMEs, so that they run: the names that an example takes
// for granted before it, and what must come of it after it.

// codeBlocks returns the indented blocks of a Markdown text.
export function codeBlocks(text) {
  const blocks = [];
  let inside = false, blank = true;
  for (const line of text.split("\n")) {
    const isBlank = line.trim() === "";
    if (line.startsWith("    ") && (inside || blank)) {
      if (!inside) blocks.push("");
      inside = true;
      blocks[blocks.length - 1] += line.slice(4) + "\n";
    } else if (!isBlank) {
      inside = false;
    }
    blank = isBlank;
  }
  return blocks;
}

const vectors = `
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
const vectors = JSON.parse(readFileSync(process.env.VECTORS, "utf8"));
const { uri: signed, serve, now } =
  vectors.accept.find((c) => c.name === "depth 2: segment in a folder below");
Date.now = () => now * 1000;
`;

// verifies is for the function of the worker.
export const verifies = {
  before: `${vectors}
const request = new Request("https://cdn.example" + signed), ip = undefined;`,
  after: `assert.deepEqual({ reason, uri }, { reason: "", uri: serve });`,
};

const page = `
import assert from "node:assert/strict";
const service = "https://tokens.example", video = { sources: [{ src: "/film/master.m3u8" }] };
const at = (n, cdn) => "https://" + cdn + "/~T" + n + "/film/master.m3u8";
const asked = [];
globalThis.fetch = async (address, init) => {
  asked.push({ address: String(address), ...JSON.parse(init.body) });
  const headers = { "Cache-Control": "private, max-age=600" };
  if (String(address).endsWith("/video/renew")) {
    return Response.json({ urls: [at(2, "d111.cloudfront.net")] }, { headers });
  }
  const cdn = asked.at(-1).token.exclude ? "video.example.com" : "d111.cloudfront.net";
  return Response.json({ sources: [{ src: at(1, cdn) }] }, { headers });
};
const told = [], tell = (reason) => told.push(reason);
class Hls {
  config = {};
  on() {}
  once() {}
  off() {}
  loadSource(url) { this.url = url; }
}
`;

// examples lists what each package's README shows, in order: the command that installs the package, a
// command of a program that is not here, or a module.
export const examples = {
  worker: [
    "npm install",
    { check: `
import worker from "./example.js";
const answer = await worker.fetch(new Request("https://cdn.example/film.mp4"), {
  KEYS: process.env.KEYS, ORIGIN: "https://origin.example",
});
if (answer.status !== 401) throw new Error(String(answer.status));` },
    verifies,
    {
      before: vectors,
      after: `
const answer = await handler({ Records: [{ cf: { request: {
  clientIp: "192.0.2.1", method: "GET", uri: signed, querystring: "", headers: {},
} } }] });
assert.equal(answer.uri, serve);`,
    },
  ],
  player: [
    "npm install",
    {
      before: page,
      after: `
assert.equal(hls.url, at(1, "d111.cloudfront.net"));
assert.ok(hls.config.xhrSetup);
await tokens.renew();
assert.equal(tokens.rewrite(url), at(2, "d111.cloudfront.net"));
assert.deepEqual(told, []);
tokens.close();`,
    },
    {
      follows: true,
      before: "tokens.close();\nconst another = ",
      after: `
await another.failed(url, 0);
assert.equal(another.rewrite(url), at(1, "video.example.com"));
assert.deepEqual(asked.at(-1).token.exclude, ["aws-1"]);
another.close();`,
    },
  ],
  "cloudfront-function": [
    "npm install",
    {
      after: `
import { statSync } from "node:fs";
if ((statSync("function.js").mode & 0o777) !== 0o600) throw new Error("others can read it");`,
    },
    "aws",
    { follows: true, after: `if (answer.statusCode !== 401) throw new Error("not 401");` },
  ],
};
