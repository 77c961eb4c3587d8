import { makeToyWorld } from "@crossguardian/testkit";
import { chainPackage } from "../src/index.ts";

/** What `plugin test` runs the contract suite on: a ledger, its gateway events, and ways to break its node. */
export const makeWorld = async () => makeToyWorld(chainPackage);
