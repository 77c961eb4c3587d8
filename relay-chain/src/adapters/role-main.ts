import { type DomainPowers } from "@crossguardian/frontend";
import { fromHex } from "@crossguardian/kernel";
import { type OrdererConfig } from "@crossguardian/protocol";
import { cidText, CID_BYTES } from "@crossguardian/wire";
import { roleHostOf } from "./role-host.ts";
import { runArchive } from "./run-archive.ts";
import { runOrderer } from "./run-orderer.ts";

/** Runs the orderer as a domain. Control: "status"; "delete-body" with a content id in hex (a test of what happens without it). */
export const orderInDomain = async (powers: DomainPowers, config: OrdererConfig): Promise<void> => {
  const { orderer, bodies, addresses, stop } = await runOrderer(await roleHostOf(powers), config);
  powers.gauge("relay.height", () => Number(orderer.head().height));
  powers.gauge("relay.open", () => orderer.status().openTransfers);
  powers.gauge("relay.batches", () => orderer.status().pendingBatches);
  powers.gauge("relay.entries", () => Number(orderer.status().entries));
  powers.gauge("relay.bodies", () => bodies.count());
  powers.gauge("still.tick", () => orderer.status().stillMs);
  powers.onControl("status", async () => ({ ...orderer.status(), addresses: addresses() }));
  powers.onControl("delete-body", async (cidHex) => {
    const cid = fromHex(cidHex, CID_BYTES);
    const wasThere = bodies.has(cid);
    bodies.remove(cid);
    await bodies.flush();
    orderer.forgetRecent();
    return { cid: cidText(cid), wasThere };
  });
  powers.onStop(stop);
};

/** Runs an archive as a domain; `listen` of its configuration is the orderer it follows. Control: "status". */
export const archiveInDomain = async (powers: DomainPowers, config: OrdererConfig): Promise<void> => {
  const { height, bodies, missing, addresses, stop } = await runArchive(await roleHostOf(powers), config);
  powers.gauge("relay.height", () => Number(height()));
  powers.gauge("relay.bodies", () => bodies.count());
  powers.onControl("status", async () => ({ height: height(), bodies: bodies.count(), missing: missing(), addresses: addresses() }));
  powers.onStop(stop);
};
