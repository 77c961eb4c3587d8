import { pluginSuite } from "@crossguardian/testkit";
import { makeWorld } from "./world.ts";

pluginSuite("ledger", makeWorld);
