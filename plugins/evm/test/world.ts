import { type PluginWorld } from "@crossguardian/testkit";
import { makeEvmWorld } from "./evm-world.ts";

/** What `plugin test` runs the contract suite on: anvil, its gateway contract a bare emitter, over WebSocket. */
export const makeWorld = async (): Promise<PluginWorld> => makeEvmWorld("anvil", "ws");
