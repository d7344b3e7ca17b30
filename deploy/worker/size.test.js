// The sizes that deploy/README.md has, against the limits of the CDNs.
import assert from "node:assert/strict";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const KiB = 1024;

async function bundled(file, options) {
  const { outputFiles } = await build({
    entryPoints: [new URL(file, import.meta.url).pathname],
    bundle: true, format: "esm", write: false, logLevel: "silent", ...options,
  });
  return Buffer.from(outputFiles[0].contents);
}

test("sizes", async (t) => {
  const sizes = {};
  for (const file of ["worker.js", "lambda.js"]) {
    const plain = await bundled(file), minified = await bundled(file, { minify: true });
    sizes[file] = {
      bundled: plain.length, minified: minified.length, gzipped: gzipSync(minified).length,
    };
    t.diagnostic(`${file}, with its hashes: ${JSON.stringify(sizes[file])} bytes`);
  }
  // Cloudflare takes 3 MiB after gzip on its free plan, Lambda@Edge 1 MiB for a viewer's request.
  assert.ok(sizes["worker.js"].gzipped < 32 * KiB);
  assert.ok(sizes["lambda.js"].bundled < 64 * KiB);
  // CloudFront Functions take 10 KB of one script, keys included: 10,000 bytes are sure to fit.
  assert.ok(sizes["lambda.js"].minified > 10_000,
    "small enough for CloudFront Functions: deploy/README.md says otherwise");
});

test("CloudFront Functions' language", async () => {
  // It is ECMAScript 5.1 with some of 6 to 12, without classes. The hashes are made of classes.
  await assert.rejects(bundled("lambda.js", { supported: { class: false } }), /class/);
});
