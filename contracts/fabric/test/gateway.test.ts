import { gatewaySuite } from "@crossguardian/testkit";
import { makeMemoryWorld } from "./support/memory-world.ts";

gatewaySuite("chaincode", async () => makeMemoryWorld());
gatewaySuite("chaincode, by the transaction that takes several submissions", async () => makeMemoryWorld(true));
