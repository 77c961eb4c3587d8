import { runDomain } from "@crossguardian/frontend";
import { ordererConfig } from "@crossguardian/protocol";
import { archiveInDomain, orderInDomain } from "./adapters/role-main.ts";

/** IPFS: most of what there is to load, and nothing that ordering waits for. */
const later = async (): Promise<unknown> => import("./adapters/peer.ts");

switch (process.env["CG_ROLE"]) {
  case "orderer":
    await runDomain({ configCodec: ordererConfig, run: orderInDomain, later });
    break;
  case "archive":
    await runDomain({ configCodec: ordererConfig, run: archiveInDomain, later });
    break;
  default:
    console.error("CG_ROLE must be orderer or archive; a validator has an entry of its own");
    process.exitCode = 78;
}
