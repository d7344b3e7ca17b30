// parseAddress is the 4 or 16 bytes of an IP address. An IPv4-mapped IPv6 address counts as IPv4.
// It is null for everything else: no text, a port, brackets, a zone, a list.
export function parseAddress(text) {
  if (typeof text !== "string") return null;
  if (!text.includes(":")) return parseIPv4(text);
  const dotted = /^(.*:)([^:]*\.[^:]*)$/.exec(text); // ::ffff:192.0.2.1
  if (dotted) {
    const v4 = parseIPv4(dotted[2]);
    if (!v4) return null;
    const hex = (i) => ((v4[i] << 8) | v4[i + 1]).toString(16);
    text = `${dotted[1]}${hex(0)}:${hex(2)}`;
  }
  const halves = text.split("::");
  if (halves.length > 2) return null;
  const [head, tail = []] = halves.map((half) => (half === "" ? [] : half.split(":")));
  const zeros = 8 - head.length - tail.length;
  if (halves.length === 2 ? zeros < 1 : zeros !== 0) return null;
  const bytes = [];
  for (const group of [...head, ...Array(zeros).fill("0"), ...tail]) {
    if (!/^[0-9A-Fa-f]{1,4}$/.test(group)) return null;
    const n = parseInt(group, 16);
    bytes.push(n >> 8, n & 0xff);
  }
  const mapped = bytes.slice(0, 12).every((byte, i) => byte === (i < 10 ? 0 : 0xff));
  return mapped ? bytes.slice(12) : bytes;
}

function parseIPv4(text) {
  const parts = text.split(".");
  const decimal = (part) => /^(0|[1-9][0-9]{0,2})$/.test(part) && Number(part) < 256;
  return parts.length === 4 && parts.every(decimal) ? parts.map(Number) : null;
}

// masked is an address with all but its first bits zero.
export const masked = (address, bits) =>
  address.map((byte, i) => byte & ~(0xff >> Math.min(8, Math.max(0, bits - 8 * i))));
