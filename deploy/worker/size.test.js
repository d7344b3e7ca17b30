// The sizes that deploy/README.md states, against the limits of the CDNs.
import assert from "node:assert/strict";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const KiB = 1024;

async function bundled(options) {
  const { outputFiles } = await build({
    entryPoints: [new URL("videotoken.js", import.meta.url).pathname],
    bundle: true, format: "esm", write: false, logLevel: "silent", ...options,
  });
  return Buffer.from(outputFiles[0].contents);
}

test("sizes", async (t) => {
  const plain = await bundled({}), minified = await bundled({ minify: true });
  t.diagnostic(`with its hash, bundled: ${plain.length} B; minified: ${minified.length} B; minified and gzipped: ${gzipSync(minified).length} B`);
  // Cloudflare takes 3 MiB after gzip on its free plan; Lambda@Edge 1 MiB for a viewer's request.
  assert.ok(gzipSync(plain).length < 32 * KiB);
  // CloudFront Functions take 10 KB of one script, keys included.
  assert.ok(minified.length > 10_000, "small enough for CloudFront Functions: deploy/README.md says otherwise");
});

test("CloudFront Functions' language", async () => {
  // Its engine is ECMAScript 5.1 with some of 6 to 12, and classes are not among them; the hash is made of classes.
  await assert.rejects(bundled({ target: "es5" }), /class/);
});
