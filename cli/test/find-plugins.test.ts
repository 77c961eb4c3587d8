import assert from "node:assert/strict";
import { test } from "node:test";

import { decodeConfig } from "../src/config/decode-config.ts";
import { defaultConfigText } from "../src/config/default-config.ts";
import { findPlugins } from "../src/config/find-plugins.ts";
import { topologyOf } from "../src/config/world-wish.ts";
import { type InstalledPlugin } from "../src/plugin/installed.ts";

type Json = Record<string, unknown>;

const acme = (change: Partial<InstalledPlugin["manifest"]> = {}): InstalledPlugin => ({
  publisher: "00",
  manifest: {
    api: 1, name: "acme", version: "1.0.0", description: "", kind: "ledger", proof: "ledger", endpoints: [{ name: "node", scheme: "tcp", purpose: "" }],
    limits: { memoryMiB: 96, tmpMiB: 8 }, events: ["request"], ...change,
  },
});
const withChain = (chain: Json): ReturnType<typeof decodeConfig> => {
  const fresh = JSON.parse(defaultConfigText("main", "/var/lib/x")) as { readonly chains: Readonly<Record<string, Json>> };
  const [[first, entry] = ["", {}]] = Object.entries(fresh.chains).filter(([name]) => !name.startsWith("//"));
  return decodeConfig(JSON.stringify({ ...fresh, chains: { ...fresh.chains, [first]: { ...entry, ...chain } } }));
};
const first = (config: ReturnType<typeof decodeConfig>): string => config.chains[0]?.name ?? "";

test("a chain that names an installed plugin has its kind and memory, and runs its image", () => {
  const config = findPlugins(withChain({ plugin: "acme" }), [acme()]);
  assert.equal(config.chains[0]?.kind, "ledger");
  const { kinds, plugins } = topologyOf(config);
  assert.deepEqual([kinds, plugins], [{ [first(config)]: "ledger" }, { [first(config)]: { name: "acme", memoryMiB: 96 } }]);
  assert.equal(topologyOf(findPlugins(withChain({}), [acme()])).plugins, undefined, "none where no chain names one");
});

test("a plugin that is not installed, of another kind than the entry says, or that wants more endpoints is refused", () => {
  assert.throws(() => findPlugins(withChain({ plugin: "acme" }), []), /plugin\.installed\.not/u);
  assert.throws(() => findPlugins(withChain({ plugin: "acme", kind: "fabric" }), [acme()]), /config\.field\.invalid.*kind/u);
  const [endpoint] = acme().manifest.endpoints;
  assert.throws(() => findPlugins(withChain({ plugin: "acme" }), [acme({ endpoints: [endpoint!, endpoint!] })]), /config\.field\.invalid.*plugin/u);
  assert.throws(() => findPlugins(withChain({ plugin: "acme", modules: { one: ["vault"] } }), [acme()]), /config\.field\.invalid.*modules/u);
  assert.throws(() => withChain({ plugin: "../etc" }), /config\.field\.invalid/u);
});
