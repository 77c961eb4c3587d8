/** Programs of domains in DomUs, by their image. */
const DOMU_PROGRAMS = { appchain: "plugins/evm/src/main.ts", interaction: "domains/interaction/src/main.ts", relay: "domains/relay/src/main.ts" } as const;

/** Processes of a gateway's house in Dom0, with the memory in MiB that world/src/house-specs.ts gives them. */
const DOM0_PROGRAMS = [["management", "domains/management/src/main.ts", 256], ["network", "host/network/src/main.ts", 160]] as const;

/**
 * A program that runs in the tree that becomes Dom0's disk, with the project's own code there: guests are built and everything is sealed as an operator does it in Dom0.
 * Compiled code is made here as well, because an emulated processor takes minutes to compile: V8 takes bytecode from another processor, and compiles what it does not take.
 */
export const makeInDom0 = (images: readonly string[]): string => `
import { execFileSync, spawn } from "node:child_process";
import { chownSync, mkdirSync, rmdirSync, rmSync } from "node:fs";
import { buildGuest, domuGuest } from "/cg/host/isolation/src/index.ts";
import { domuDirOf, IMAGES, materialise, materialiseNode, seal } from "/cg/host/boot/src/index.ts";
import { makeChannelPair } from "/cg/host/launch/src/adapters/channel-pair.ts";
import { makeCodeStore } from "/cg/host/launch/src/adapters/code-store.ts";
import { fillHostCode } from "/cg/host/launch/src/adapters/fill-host-code.ts";
import { COMPILE_ALL } from "/cg/host/isolation/src/node-command.ts";
import { makeCodeWork } from "/cg/host/launch/src/prepare-code.ts";

const places = { root: "/cg" };
const store = "/var/lib/crossguardian";
const inside = 1_000;
const images = Object.fromEntries(${JSON.stringify(images)}.map((name) => [name, IMAGES[name]]));
const materialiseAll = (manifest) => Object.fromEntries(Object.keys(images).filter((name) => name !== "base").map((name) => [name, materialise(manifest, name, "/cg", store)]));

// Images do not depend on the guests, whose code is compiled out of them.
const folders = materialiseAll(seal({ ...places, images }));
mkdirSync("/app");
mkdirSync("/code");
chownSync("/code", inside, inside);
for (const [image, program] of Object.entries(${JSON.stringify(DOMU_PROGRAMS)})) {
  execFileSync("mount", ["--bind", folders[image], "/app"]);
  const env = { CG_NAME: image, CG_ROLE: image, CG_EPOCH: "0", CG_APP: "/app", NODE_COMPILE_CACHE: "/code" };
  // V8 finds code again by the flags that it was compiled under.
  const child = spawn("setpriv", ["--reuid=" + inside, "--regid=" + inside, "--clear-groups", "/usr/bin/node", COMPILE_ALL, "/app/" + program], { env, stdio: ["ignore", "ignore", "ignore", "pipe"] });
  child.stdio[3].on("error", () => undefined).destroy(); // a domain ends with its channel
  await new Promise((resolve) => child.once("exit", resolve));
  execFileSync("umount", ["/app"]);
}
execFileSync("chmod", ["-R", "a+rX", "/code"]);
const flavour = domuGuest("/usr/lib/xen-4.17/bin/vchan-socket-proxy", "/code");
const files = await buildGuest({ guestDir: domuDirOf(places), nodePath: "/usr/bin/node", kernelTree: "/domu-kernel", flavour });
rmdirSync("/app");
rmSync("/code", { recursive: true });

const manifest = seal({ ...places, images });
const stored = materialiseAll(manifest);
const record = (event, facts) => console.error(event, JSON.stringify(facts));
const entry = ([kind, program, mib]) => ({ name: kind, kind, image: kind, entry: program, port: 0, standbyOf: null, limits: { memoryBytes: mib * 1024 * 1024 } });
const code = makeCodeWork({
  nodePath: materialiseNode(manifest, "/usr/bin/node", store), nodeSha256: manifest.node.sha256, record, image: (name) => ({ path: stored[name] }),
  uidBase: () => 200_000, uidOffset: inside, codeStore: makeCodeStore(store, record),
  fillHostCode: async (each, folder) => fillHostCode(each, await makeChannelPair("/run/fill-" + each.name + ".sock"), folder),
});
await code.prepare({ driver: "oci", domains: ${JSON.stringify(DOM0_PROGRAMS)}.map(entry) });
if (code.caches.size !== 3) throw new Error("no compiled code of " + String(3 - code.caches.size) + " programs of Dom0");
console.log(JSON.stringify(files));
`;
