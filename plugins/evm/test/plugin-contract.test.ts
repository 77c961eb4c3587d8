import { pluginSuite } from "@crossguardian/testkit";
import { makeEvmWorld } from "./evm-world.ts";

pluginSuite("evm on anvil over WebSocket", async () => makeEvmWorld("anvil", "ws"));
pluginSuite("evm on anvil over HTTP", async () => makeEvmWorld("anvil", "http"));
pluginSuite("evm on Ganache over WebSocket", async () => makeEvmWorld("ganache", "ws"));
