// Answers the requests of the property test with the worker's verifier: a line of JSON for each line.
import assert from "node:assert/strict";
import { createInterface } from "node:readline";
import { importKeys, verify } from "../../worker/videotoken.js";

const keys = importKeys(JSON.parse(process.argv[2]));
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const cdn = "https://cdn.example";

// decoded is the text of bytes, undefined where they are not UTF-8.
function decoded(bytes) {
  try {
    return utf8.decode(bytes);
  } catch {
    return undefined;
  }
}

function answer({ target, ip, revoked, ...options }) {
  const check = (url) => verify(url, { ...options, keys, ip, revoked: new Set(revoked) });
  const bytes = Buffer.from(target, "base64");
  const result = { answer: check(bytes) };

  // A URL is the same as text and in a Request.
  const text = decoded(bytes);
  if (text === undefined) return result;
  assert.deepEqual(check(text), result.answer);
  if (text[0] !== "/") return result;
  assert.deepEqual(check(cdn + text), result.answer);

  // A runtime may parse it before. Go is asked about the result as well.
  const { href } = new URL(cdn + text);
  result.parsed = { target: href.slice(cdn.length), answer: check(href) };

  // fetch() parses what is served, and must leave it as it is.
  for (const { uri } of [result.answer, result.parsed.answer]) {
    if (uri !== undefined) assert.equal(new URL(cdn + uri).href, cdn + uri);
  }
  return result;
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(JSON.stringify(answer(JSON.parse(line))) + "\n");
}
