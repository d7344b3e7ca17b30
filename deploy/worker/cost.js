// What one verify() costs, in CPU microseconds: the median of nine rounds, of the shortest token and of the longest.
import { readFileSync } from "node:fs";
import { importKeys, verify } from "./videotoken.js";

const vectors = JSON.parse(readFileSync(new URL("../../token/testdata/vectors.json", import.meta.url)));
const keys = importKeys(vectors.keys);
const cases = ["query token", "depth 2: segment in a folder below", "all claims"].map((name) => vectors.accept.find((c) => c.name === name));
cases.push(vectors.reject.find((c) => c.name === "last bit of the tag"), vectors.reject.find((c) => c.name === "no token"));
for (const { name, uri, now, ip, reason = "" } of cases) {
  const rounds = [];
  for (let round = 0; round < 10; round++) {
    const n = 20000, start = process.cpuUsage();
    for (let i = 0; i < n; i++) {
      if (verify(uri, { keys, now, ip }).reason !== reason) throw new Error(name);
    }
    const { user, system } = process.cpuUsage(start);
    if (round > 0) rounds.push((user + system) / n); // the first warms the compiler
  }
  rounds.sort((a, b) => a - b);
  console.log(`${name.padEnd(36)} ${rounds[4].toFixed(2)} us`);
}
