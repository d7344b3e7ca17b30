# Runs the worker in workerd on a machine of your own, with its variables in the environment:
# workerd serve workerd.capnp
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
    (name = "worker.js", esModule = embed "worker.js"), # the first one is what runs
    (name = "cors.js", esModule = embed "cors.js"),
    (name = "videotoken.js", esModule = embed "videotoken.js"),
    (name = "address.js", esModule = embed "address.js"),
    (name = "revoked.js", esModule = embed "revoked.js"),
    (name = "uri.js", esModule = embed "uri.js"),
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
    (name = "CDN", fromEnvironment = "CDN"),
    (name = "BASE", fromEnvironment = "BASE"),
    (name = "ALLOW_ORIGIN", fromEnvironment = "ALLOW_ORIGIN"),
    (name = "CLIENT_IP", fromEnvironment = "CLIENT_IP"),
    (name = "LEEWAY", fromEnvironment = "LEEWAY"),
    (name = "REVOKED_URL", fromEnvironment = "REVOKED_URL"),
    (name = "ADMIN_KEY", fromEnvironment = "ADMIN_KEY"),
  ],
);
