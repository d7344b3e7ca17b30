// Does what the lines of standard input ask for with Eyevinn's library for Common Access Tokens: it
// makes a token of the claims, and validates another one for requests. It prints a line for each.
import { createInterface } from "node:readline";
import { CAT } from "@eyevinn/cat";

// at sets the clock that the library reads.
function at(seconds) {
  Date.now = () => seconds * 1000;
}

// validate returns what the library says of a token in a request: its claims, and why it is refused.
async function validate(cat, token, { url, ip, now, issuer }) {
  at(now);
  try {
    const options = { url: new URL(url), ip: ip || undefined, issuer };
    const result = await cat.validate(token, "mac", options);
    return { claims: result.cat?.claims, refused: result.error?.constructor.name ?? "" };
  } catch (error) {
    return { refused: error.constructor.name };
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const { kid, key, claims, validations } = JSON.parse(line);
  const cat = new CAT({ keys: { [kid]: Buffer.from(key, "hex") }, expectCwtTag: true });
  const token = await cat.generateFromJson(claims, { type: "mac", alg: "HS256", kid });
  const results = [];
  for (const v of validations) {
    results.push(await validate(cat, v.token, v));
  }
  process.stdout.write(JSON.stringify({ token, results }) + "\n");
}
