// Prints what one verify() costs, in microseconds of CPU: the median of nine rounds, for tokens of
// both versions, and for requests that are refused.
import { vectors } from "./vectors.js";
import { importKeys, verify } from "./videotoken.js";

const keys = importKeys(vectors.keys);
const named = (name) => [...vectors.accept, ...vectors.reject].find((c) => c.name === name);
const cases = [
  "query token", "depth 2: segment in a folder below", "all claims", "raw UTF-8", "version 2",
  "version 2, all claims", "8192 bytes", "last bit of the tag", "no token",
].map(named);
for (const { name, uri, now, ip, reason = "" } of cases) {
  const rounds = [];
  for (let round = 0; round < 10; round++) {
    const n = 20000, start = process.cpuUsage();
    for (let i = 0; i < n; i++) {
      if (verify(uri, { keys, now, ip }).reason !== reason) throw new Error(name);
    }
    const { user, system } = process.cpuUsage(start);
    if (round > 0) rounds.push((user + system) / n); // the first one is the compiler's
  }
  rounds.sort((a, b) => a - b);
  console.log(`${name.padEnd(36)} ${rounds[4].toFixed(2)} us`);
}
