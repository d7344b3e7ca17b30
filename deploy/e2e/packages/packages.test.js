// The npm packages as their users have them: packed, installed into an empty project, imported by
// a script, and type-checked. It needs npm, and the registry or npm's cache for the worker's hash.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { copyFile, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, normalize, relative } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { codeBlocks, examples, verifies } from "./examples.js";

const path = (name) => fileURLToPath(new URL(name, import.meta.url));
const deploy = path("../../"), root = path("../../../");

// The packages by their folders in deploy/, with all their files.
const packages = {
  worker: [
    "LICENSE", "README.md", "address.js", "cors.js", "lambda.d.ts", "lambda.js", "package.json",
    "revoked.js", "uri.js", "videotoken.d.ts", "videotoken.js", "worker.d.ts", "worker.js",
  ],
  player: [
    "LICENSE", "README.md", "addresses.js", "element.js", "exchange.js", "pace.js", "package.json",
    "players.js", "session.js", "videotoken-player.d.ts", "videotoken-player.js",
  ],
  "cloudfront-function": [
    "LICENSE", "README.md", "package.json", "source.d.ts", "source.js", "videotoken.js",
  ],
};

let scratch, project;

before(async () => {
  scratch = await mkdtemp(join(tmpdir(), "videotoken-packages-"));
  project = join(scratch, "project");
  for (const folder of Object.keys(packages)) {
    await run("npm", ["pack", "--pack-destination", scratch], join(deploy, folder));
  }
  const tarballs = (await readdir(scratch)).filter((name) => name.endsWith(".tgz"));
  assert.equal(tarballs.length, Object.keys(packages).length);
  await run("npm", [
    "install", "--prefix", project, "--ignore-scripts", "--prefer-offline", "--no-audit",
    "--no-fund", ...tarballs.map((name) => join(scratch, name)),
  ], scratch);
  const manifest = JSON.parse(await readFile(join(project, "package.json"), "utf8"));
  await writeFile(join(project, "package.json"), JSON.stringify({ ...manifest, type: "module" }));
});

after(() => rm(scratch, { recursive: true, force: true }));

for (const [folder, files] of Object.entries(packages)) {
  describe(folder, () => {
    const installed = () => join(project, "node_modules", `videotoken-${folder}`);
    const read = (name) => readFile(join(installed(), name), "utf8");

    test("has these files and no others", async () => {
      const found = (await readdir(installed(), { recursive: true, withFileTypes: true }))
        .filter((entry) => !entry.isDirectory())
        .map((entry) => relative(installed(), join(entry.parentPath, entry.name)));
      assert.deepEqual(found.sort(), [...files].sort());
    });

    test("says what it is", async () => {
      const manifest = JSON.parse(await read("package.json"));
      const { name, version, description, license, type, engines, exports } = manifest;
      assert.equal(name, `videotoken-${folder}`);
      assert.match(version, /^\d+\.\d+\.\d+$/);
      assert.deepEqual({ license, type, engines }, {
        license: "Apache-2.0", type: "module", engines: { node: ">=20.19" },
      });
      assert.ok(description);
      assert.equal(manifest.private, undefined);
      assert.equal(manifest.optionalDependencies, undefined, "every user would install them");
      for (const [entry, target] of Object.entries(exports)) {
        assert.deepEqual(Object.keys(target), ["types", "default"], entry);
      }
      assert.equal(await read("LICENSE"), await readFile(join(root, "LICENSE"), "utf8"));
    });

    test("has a README that stands alone", async () => {
      const readme = await read("README.md");
      assert.ok(readme.startsWith(`# videotoken-${folder}\n`));
      assert.match(readme, new RegExp(`from "videotoken-${folder}`));
      for (const [, target] of readme.matchAll(/\]\(([^)#]*)[^)]*\)/g)) {
        const known = target === "" || /^https:/.test(target) || files.includes(normalize(target));
        assert.ok(known, `it links to ${target}, which the package does not have`);
      }
    });

    test("has examples in its README that run", async () => {
      const blocks = codeBlocks(await read("README.md"));
      assert.equal(blocks.length, examples[folder].length, "an example is not run");
      let source = "";
      for (const [i, around] of examples[folder].entries()) {
        if (around === "npm install") {
          const { name, version } = JSON.parse(await read("package.json"));
          assert.equal(blocks[i], `npm install ./${name}-${version}.tgz\n`); // as before() does
        } else if (typeof around === "string") {
          assert.ok(blocks[i].startsWith(around + " "), `${around} is not here: ${blocks[i]}`);
        } else {
          source = await runExample(blocks[i], around, around.follows ? source : "");
        }
      }
    });

    test("declares what it exports, all of it and no more", async () => {
      const { name, exports } = JSON.parse(await read("package.json"));
      let source = "";
      for (const [entry, target] of Object.entries(exports)) {
        const module = await import(pathToFileURL(join(installed(), target.default)));
        const names = Object.keys(module).map((key) => `${JSON.stringify(key)}: true`);
        assert.notEqual(names.length, 0, `${entry} exports nothing`);
        const specifier = JSON.stringify(name + entry.slice(1));
        source += `({ ${names.join(", ")} }) satisfies ` +
          `Record<keyof typeof import(${specifier}), true>;\n`;
      }
      const file = `exports-${folder}.ts`;
      await writeFile(join(project, file), source);
      await compile(file);
    });
  });
}

test("a script runs them, and what they return is of the declared types", async () => {
  await copyFile(path("use.js"), join(project, "use.js"));
  const vectors = join(root, "token/testdata/vectors.json");
  const returned = JSON.parse(await run(process.execPath, ["use.js", vectors], project));
  let source = "";
  for (const [specifier, types] of Object.entries(returned)) {
    for (const [type, value] of Object.entries(types)) {
      source += `(${JSON.stringify(value)}) satisfies import("${specifier}").${type};\n`;
    }
  }
  await writeFile(join(project, "returned.ts"), source);
  await compile("returned.ts");
});

// The READMEs show the worker's function for a copy of its file.
for (const [page, heading] of [
  ["README.md", "## Verify it at the edge"], ["deploy/README.md", "## CDN workers"],
]) {
  test(`${page} has an example of the worker that runs`, async () => {
    const text = (await readFile(join(root, page), "utf8")).split(`\n${heading}\n`)[1] ?? "";
    const block = codeBlocks(text).find((b) => b.startsWith("import "));
    assert.ok(block?.includes('"./videotoken.js"'), "the example is lost");
    await runExample(block.replace("./videotoken.js", "videotoken-worker"), verifies);
  });
}

// runExample runs an example in the project, after the source of the one before it where it follows
// one, and resolves to its own source. The vectors' keys stand in for the reader's.
async function runExample(block, { before = "", after = "", check }, source = "") {
  const vectors = join(root, "token/testdata/vectors.json");
  const { keys } = JSON.parse(await readFile(vectors, "utf8"));
  const shown = '[{ id: 7, secret: "..." }]';
  source += before + "\n" + block.replace(shown, JSON.stringify(keys));
  await writeFile(join(project, "example.js"), source + after);
  if (check) await writeFile(join(project, "check.js"), check);
  const env = {
    ...process.env, VECTORS: vectors, KEYS: JSON.stringify(keys),
    SECRET: keys.find((key) => key.version === 2).secret,
  };
  await run(process.execPath, [check ? "check.js" : "example.js"], project, env);
  return source;
}

test("the types in the player's comments are right", () =>
  compile(join(deploy, "player/videotoken-player.js"), "--allowJs", "--checkJs"));

describe("the types of use.ts are right", () => {
  before(() => copyFile(path("use.ts"), join(project, "use.ts")));
  test("for Node", () => compile("use.ts"));
  test("for bundlers", () =>
    compile("use.ts", "--module", "esnext", "--moduleResolution", "bundler"));
});

// compile checks a file of the project, and the packages' declarations with it.
function compile(file, ...flags) {
  return run(process.execPath, [
    path("node_modules/typescript/bin/tsc"), "--noEmit", "--strict", "--target", "es2022",
    "--lib", "es2022,dom,dom.iterable", "--module", "nodenext", "--types", "", ...flags, file,
  ], project);
}

// run resolves to what a program prints, and rejects with it if the program fails.
function run(program, args, cwd, env = process.env) {
  return new Promise((resolve, reject) => {
    execFile(program, args, { cwd, env }, (error, stdout, stderr) => {
      if (error) reject(new Error(`${error.message}\n${stdout}${stderr}`));
      else resolve(stdout);
    });
  });
}
