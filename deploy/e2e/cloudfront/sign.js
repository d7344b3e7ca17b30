// Signs what the lines of standard input ask for with Amazon's own signer, and prints an answer for each line: the
// policy and signature of the cookies, whose URL the signer takes as it is, and the signed URL, which it rewrites first.
import { createInterface } from "node:readline";
import { getSignedCookies, getSignedUrl } from "@aws-sdk/cloudfront-signer";

for await (const line of createInterface({ input: process.stdin })) {
  const { url, expires, notBefore, ip, key, algorithm } = JSON.parse(line);
  const request = {
    url,
    keyPairId: "K2JCJMDEHXQW5F",
    privateKey: key,
    dateLessThan: new Date(expires * 1000).toISOString(),
    dateGreaterThan: notBefore ? new Date(notBefore * 1000).toISOString() : undefined,
    ipAddress: ip || undefined,
    algorithm,
  };
  const { "CloudFront-Expires": until, ...cookies } = getSignedCookies(request);
  process.stdout.write(JSON.stringify({ cookies, expires: until, url: getSignedUrl(request) }) + "\n");
}
