import { join } from "node:path";

import { ordererConfig } from "@crossguardian/protocol";
import { encodeMessage } from "@crossguardian/wire";
import { type House, relayHouse, startHouse, type World } from "@crossguardian/world";

/** Starts an archive of the relay chain in a house of its own; it follows the orderer and serves bodies to it by bitswap. */
export const startArchive = async (world: World): Promise<House> => {
  const orderer = world.houses.get("relay");
  if (orderer === undefined) throw new Error("no relay chain");
  const { addresses } = (await orderer.ask("orderer", "status", "")) as { readonly addresses: readonly string[] };
  // The profiles name no such house.
  const { profiles: _, ...relay } = relayHouse(world.terms);
  const config = encodeMessage(ordererConfig, {
    genesis: world.terms.genesis,
    listen: `tcp://127.0.0.1:${world.terms.ordererPort}`,
    p2pListen: "/ip4/127.0.0.1/tcp/0",
    peers: addresses,
    maxBlockEntries: 1,
    busyLingerMs: 1,
    openLanePerMinute: 1,
    acceptOpenLane: false,
  });
  return startHouse({
    ...relay,
    house: "archive",
    instance: `${world.instance}-archive`,
    runDir: join(world.terms.runDir, "archive"),
    dataDir: join(world.terms.dataDir, "archive"),
    domains: relay.domains.flatMap((domain) => {
      if (domain.kind === "management") return [domain];
      if (domain.kind !== "orderer") return [];
      return [{ ...domain, name: "archive", role: "archive", keySlot: world.slots.pathOf("archive"), config: Buffer.from(config).toString("base64") }];
    }),
  });
};
