# The worker in workerd, on a machine of one's own: workerd serve workerd.capnp, with the variables in the environment.
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "videotoken", worker = .videotoken),
    (name = "internet", network = (allow = ["public", "private", "local"])),
  ],
  sockets = [(name = "http", address = "*:8080", http = (), service = "videotoken")],
);

const videotoken :Workerd.Worker = (
  compatibilityDate = "2025-11-01",
  modules = [
    (name = "videotoken.js", esModule = embed "videotoken.js"),
    (name = "@noble/hashes/blake3.js", esModule = embed "node_modules/@noble/hashes/blake3.js"),
    (name = "@noble/hashes/blake2.js", esModule = embed "node_modules/@noble/hashes/blake2.js"),
    (name = "@noble/hashes/_blake.js", esModule = embed "node_modules/@noble/hashes/_blake.js"),
    (name = "@noble/hashes/hmac.js", esModule = embed "node_modules/@noble/hashes/hmac.js"),
    (name = "@noble/hashes/sha2.js", esModule = embed "node_modules/@noble/hashes/sha2.js"),
    (name = "@noble/hashes/_md.js", esModule = embed "node_modules/@noble/hashes/_md.js"),
    (name = "@noble/hashes/_u64.js", esModule = embed "node_modules/@noble/hashes/_u64.js"),
    (name = "@noble/hashes/utils.js", esModule = embed "node_modules/@noble/hashes/utils.js"),
  ],
  bindings = [
    (name = "KEYS", fromEnvironment = "KEYS"),
    (name = "ORIGIN", fromEnvironment = "ORIGIN"),
    (name = "ALLOW_ORIGIN", fromEnvironment = "ALLOW_ORIGIN"),
    (name = "CLIENT_IP", fromEnvironment = "CLIENT_IP"),
    (name = "LEEWAY", fromEnvironment = "LEEWAY"),
  ],
);
