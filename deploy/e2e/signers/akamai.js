// Signs the access control lists that the lines of standard input ask for with Akamai's library, and
// prints a token for each line.
import { createInterface } from "node:readline";
import EdgeAuth from "akamai-edgeauth";

process.noDeprecation = true; // the library makes its buffers with new Buffer

// shortest is the text of an address as the URL standard writes it: IPv6 in its shortest form.
function shortest(ip) {
  return ip.includes(":") ? new URL(`http://[${ip}]/`).hostname.slice(1, -1) : ip;
}

for await (const line of createInterface({ input: process.stdin })) {
  const { key, acl, ip, start, end, session } = JSON.parse(line);
  const auth = new EdgeAuth({
    key,
    ip: ip && shortest(ip),
    startTime: start || undefined,
    endTime: end,
    sessionId: session || undefined,
  });
  process.stdout.write(JSON.stringify(auth.generateACLToken(acl)) + "\n");
}
