// The format's vectors, for the tests and the measurement.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

const file = new URL("../../token/testdata/vectors.json", import.meta.url);

export const vectors = JSON.parse(readFileSync(file, "utf8"));

const parts = ["mint", "accept", "reject", "canonical"].map((part) => vectors[part]?.length ?? 0);
assert.ok(vectors.keys?.length > 0 && parts.every((n) => n > 0), "vectors.json lacks a part");
assert.equal(vectors.leeway, 10);
