import { gatewaySuite } from "@crossguardian/testkit";
import { makeMemoryWorld } from "./support/memory-world.ts";

gatewaySuite("chaincode", makeMemoryWorld);
