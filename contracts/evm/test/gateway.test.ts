import { gatewaySuite } from "@crossguardian/testkit";
import { makeTwinWorld } from "./support/twin-world.ts";

gatewaySuite("Solidity", makeTwinWorld);
