import assert from "node:assert/strict";
import { appendFileSync, chmodSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, test } from "node:test";
import { CodedError } from "@crossguardian/kernel";
import { imageOf, materialise, materialiseNode, seal, verify, type BootPlaces } from "../src/index.ts";

const write = (root: string, path: string, text: string): void => {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text, { mode: 0o644 });
};

type Project = { readonly places: BootPlaces; readonly root: string; readonly stateDir: string };

const withProject = (run: (project: Project) => void): void => {
  const root = mkdtempSync(join(tmpdir(), "cg-boot-"));
  try {
    write(root, "host/base/package.json", JSON.stringify({ name: "@x/base" }));
    write(root, "host/base/src/index.ts", "export const a = 1;");
    write(root, "rooms/one/package.json", JSON.stringify({ name: "@x/one", dependencies: { "@x/base": "1", left: "1" } }));
    write(root, "rooms/one/src/main.ts", "import '@x/base';");
    write(root, "rooms/one/test/one.test.ts", "not measured");
    write(root, "node_modules/left/package.json", JSON.stringify({ name: "left", peerDependencies: { right: "1" } }));
    write(root, "node_modules/left/index.js", "require('right')");
    write(root, "node_modules/left/index.js.map", "{}");
    write(root, "node_modules/left/node_modules/right/package.json", JSON.stringify({ name: "right" }));
    write(root, "node_modules/left/node_modules/right/index.js", "2");
    write(root, "policy/gateway.flow", "99 deny\n");
    mkdirSync(join(root, "node_modules/@x"));
    symlinkSync("../../host/base", join(root, "node_modules/@x/base"));
    copyFileSync("/bin/true", join(root, "node"));
    const places = { root, nodePath: join(root, "node"), images: { base: ["host/base"], one: ["rooms/one"] } };
    seal(places);
    run({ places, root, stateDir: join(root, "state") });
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
};

const coded = (code: string) => (error: unknown) => error instanceof CodedError && error.code === code;

describe("the integrity check before a start", () => {
  test("accepts what was sealed, and a test file does not count", () => {
    withProject(({ places, root }) => {
      write(root, "rooms/one/test/two.test.ts", "new");
      const manifest = verify(places, ["one"]);
      const paths = imageOf(manifest, "one").files.map((file) => file.path);
      assert.deepEqual(paths, [
        "host/base/package.json", "host/base/src/index.ts", "node_modules/left/index.js",
        "node_modules/left/node_modules/right/index.js", "node_modules/left/node_modules/right/package.json",
        "node_modules/left/package.json", "rooms/one/package.json", "rooms/one/src/main.ts",
      ]);
    });
  });

  test("an image of own packages only leaves out what its root alone would load from third parties", () => {
    withProject(({ places }) => {
      const manifest = seal({ ...places, images: { one: [{ folder: "rooms/one", ownOnly: true }] } });
      assert.deepEqual(imageOf(manifest, "one").files.map(({ path }) => path), [
        "host/base/package.json", "host/base/src/index.ts", "rooms/one/package.json", "rooms/one/src/main.ts",
      ]);
    });
  });

  const changes: readonly (readonly [string, string, (root: string) => void])[] = [
    ["one changed byte of a domain", "boot.file.changed", (root) => write(root, "rooms/one/src/main.ts", "import '@x/basE';")],
    ["one changed byte of the trusted base", "boot.file.changed", (root) => write(root, "host/base/src/index.ts", "export const a = 2;")],
    ["one changed byte of a third-party package", "boot.file.changed", (root) => write(root, "node_modules/left/index.js", "require('wrong')")],
    ["an extra file", "boot.file.extra", (root) => write(root, "rooms/one/src/more.ts", "")],
    ["a package that shadows another", "boot.file.missing", (root) => {
      write(root, "rooms/one/node_modules/left/package.json", JSON.stringify({ name: "left" }));
    }],
    ["a missing file", "boot.file.missing", (root) => rmSync(join(root, "host/base/src/index.ts"))],
    ["a missing package", "boot.package.missing", (root) => rmSync(join(root, "node_modules/left/node_modules/right"), { recursive: true })],
    ["another mode", "boot.file.mode", (root) => chmodSync(join(root, "rooms/one/src/main.ts"), 0o777)],
    ["a symbolic link in place of a file", "boot.file.kind", (root) => {
      rmSync(join(root, "rooms/one/src/main.ts"));
      symlinkSync("/etc/hostname", join(root, "rooms/one/src/main.ts"));
    }],
    ["a changed node binary", "boot.file.changed", (root) => appendFileSync(join(root, "node"), "x")],
    ["a changed flow policy", "boot.file.changed", (root) => write(root, "policy/gateway.flow", "10 any any any\n")],
    ["a changed manifest", "boot.manifest.signature", (root) => {
      const path = join(root, ".crossguardian/trust/manifest.json");
      writeFileSync(path, readFileSync(path, "utf8").replace('"mode":420', '"mode":511'));
    }],
    ["a wrong signature", "boot.manifest.signature", (root) => writeFileSync(join(root, ".crossguardian/trust/manifest.sig"), Buffer.alloc(64).toString("base64"))],
    ["no manifest", "boot.manifest.missing", (root) => rmSync(join(root, ".crossguardian/trust/manifest.json"))],
    ["a public key others can replace", "boot.key.unsafe", (root) => chmodSync(join(root, ".crossguardian/trust/public-key.pem"), 0o666)],
  ];
  for (const [what, code, change] of changes) {
    test(`${what} stops the start with ${code}`, () => {
      withProject(({ places, root }) => {
        change(root);
        assert.throws(() => verify(places, ["one"]), coded(code));
      });
    });
  }

  test("another project's key is not trusted, and a given public key is", () => {
    withProject((mine) => {
      withProject((other) => {
        const publicKeyFile = join(other.root, ".crossguardian/trust/public-key.pem");
        assert.throws(() => verify({ ...mine.places, publicKeyFile }, ["one"]), coded("boot.manifest.signature"));
      });
      const publicKeyFile = join(mine.root, ".crossguardian/trust/public-key.pem");
      verify({ ...mine.places, publicKeyFile }, ["one"]);
    });
  });

  test("an image the manifest does not have is refused", () => {
    withProject(({ places }) => assert.throws(() => verify(places, ["constructor"]), coded("boot.image.unknown")));
  });
});

describe("a stored image", () => {
  test("holds the measured files, links for workspace packages, and nothing writable", () => {
    withProject(({ places, root, stateDir }) => {
      const place = materialise(verify(places, ["one"]), "one", root, stateDir);
      assert.equal(readFileSync(join(place, "node_modules/@x/base/src/index.ts"), "utf8"), "export const a = 1;");
      assert.equal(statSync(join(place, "rooms/one/src/main.ts")).mode & 0o777, 0o444);
      assert.throws(() => readFileSync(join(place, "rooms/one/test/one.test.ts")), { code: "ENOENT" });
      assert.throws(() => readFileSync(join(place, "node_modules/left/index.js.map")), { code: "ENOENT" });
      assert.equal(materialise(verify(places, ["one"]), "one", root, stateDir), place);
    });
  });

  const changes: readonly (readonly [string, (place: string) => void])[] = [
    ["a changed file", (place) => { chmodSync(join(place, "rooms/one/src/main.ts"), 0o644); writeFileSync(join(place, "rooms/one/src/main.ts"), "x"); chmodSync(join(place, "rooms/one/src/main.ts"), 0o444); }],
    ["a file too many", (place) => writeFileSync(join(place, "rooms/one/src/.hidden"), "x")],
    ["a file too few", (place) => rmSync(join(place, "rooms/one/src/main.ts"))],
    ["a link to elsewhere", (place) => { rmSync(join(place, "node_modules/@x/base")); symlinkSync("../../rooms/one", join(place, "node_modules/@x/base")); }],
  ];
  for (const [what, change] of changes) {
    test(`with ${what} is not used`, () => {
      withProject(({ places, root, stateDir }) => {
        const manifest = verify(places, ["one"]);
        change(materialise(manifest, "one", root, stateDir));
        assert.throws(() => materialise(manifest, "one", root, stateDir), coded("boot.image.changed"));
      });
    });
  }

  test("is not made from a file that changed after the check, and leaves nothing half made", () => {
    withProject(({ places, root, stateDir }) => {
      const manifest = verify(places, ["one"]);
      write(root, "rooms/one/src/main.ts", "changed in between");
      assert.throws(() => materialise(manifest, "one", root, stateDir), coded("boot.file.changed"));
      write(root, "rooms/one/src/main.ts", "import '@x/base';");
      materialise(manifest, "one", root, stateDir);
    });
  });

  test("of the node binary is the measured one", () => {
    withProject(({ places, root, stateDir }) => {
      const copy = materialiseNode(verify(places, []), join(root, "node"), stateDir);
      assert.deepEqual(readFileSync(copy), readFileSync(join(root, "node")));
      assert.equal(statSync(copy).mode & 0o777, 0o555);
    });
  });
});
