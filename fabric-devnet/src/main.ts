import { readFileSync } from "node:fs";
import process from "node:process";
import { startChaincode } from "./adapters/start-chaincode.ts";
import { runNetwork } from "./adapters/run-network.ts";
import { type NetworkConfig } from "./network-config.ts";

// A test network that speaks a Fabric peer's interfaces; it is not Hyperledger Fabric and keeps its ledger in memory.
const [path] = process.argv.slice(2);
if (path === undefined) throw new Error("usage: main.ts NETWORK.json");
const config = JSON.parse(readFileSync(path, "utf8")) as NetworkConfig; // written by whoever starts this program
const chaincode = await startChaincode(config);
chaincode.once("exit", () => process.exit(1));
const network = await runNetwork(config);
process.stdout.write(`${JSON.stringify({ ports: network.ports })}\n`);
