import { runDomain } from "@crossguardian/frontend";
import { ordererConfig } from "@crossguardian/protocol";
// Loaded with the entry, not when the peer is opened: the code cache knows what an entry loads.
import "./adapters/peer.ts";
import { archiveInDomain, orderInDomain } from "./adapters/role-main.ts";

switch (process.env["CG_ROLE"]) {
  case "orderer":
    await runDomain({ configCodec: ordererConfig, run: orderInDomain });
    break;
  case "archive":
    await runDomain({ configCodec: ordererConfig, run: archiveInDomain });
    break;
  default:
    console.error("CG_ROLE must be orderer or archive; a validator has an entry of its own");
    process.exitCode = 78;
}
