import { pluginSuite } from "@crossguardian/testkit";
import { makeWorld } from "./world.ts";

pluginSuite("UTXO on bcoin", makeWorld);
