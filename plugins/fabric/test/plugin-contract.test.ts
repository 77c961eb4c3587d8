import { pluginSuite } from "@crossguardian/testkit";
import { makeFabricWorld } from "./support/fabric-world.ts";

pluginSuite("Fabric", makeFabricWorld);
