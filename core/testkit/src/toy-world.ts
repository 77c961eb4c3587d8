import { connect } from "node:net";

import { type Clock } from "@crossguardian/kernel";
import { type ChainPackage } from "@crossguardian/plugin-kit";
import { verifyBlockEvents } from "@crossguardian/proof";
import { type PluginConfig } from "@crossguardian/protocol";

import { HTTP_HOSTILE_MODES, startHttpFaultProxy } from "./http-fault-proxy.ts";
import { type PluginWorld } from "./plugin-suite.ts";
import { startToyLedger, toyEvent, toySha256 } from "./toy-ledger.ts";

const DEPTH = 1;
const POLL_MS = 50;
const CONTRACT = new Uint8Array(32).fill(0x11);
const NOTHING = new Uint8Array(0);

const clock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after: (delayMs, run) => {
    const timer = setTimeout(run, delayMs);
    return () => clearTimeout(timer);
  },
};

const configOf = (kind: number, genesisHash: Uint8Array): PluginConfig => ({
  chain: "toy", kind, endpoints: [{ name: "node", scheme: "tcp", host: "127.0.0.1", path: "/" }], numericId: 1n, genesisHash, contract: CONTRACT,
  depth: DEPTH, pollMs: POLL_MS, maxEntriesPerTransaction: 50, maxGas: 0n, executeGas: 0, settleGas: 0, cancelGas: 0, intake: "", terms: NOTHING, settings: NOTHING,
});

/** A plain ledger for the contract suite; the plugin reaches it through a proxy that can turn against it. */
export const makeToyWorld = async (chainPackage: ChainPackage): Promise<PluginWorld> => {
  const ledger = await startToyLedger();
  const proxy = await startHttpFaultProxy(ledger.port);
  const config = configOf(chainPackage.kind, ledger.genesisHash);
  let index = 0n;
  const emptyBlocks = async (count: number): Promise<void> => {
    for (let at = 0; at < count; at += 1) ledger.add([]);
  };
  const unused = (): never => {
    throw new Error("the toy ledger hashes with sha256 alone");
  };
  return {
    chain: config.chain,
    depth: DEPTH,
    emptyBlocks,
    emit: async (count) => {
      const events = Array.from({ length: count }, () => toyEvent(CONTRACT, (index += 1n)));
      ledger.add(events);
      await emptyBlocks(DEPTH);
      return events.map((event) => event.index.toString());
    },
    height: async () => ledger.height(),
    hostileModes: HTTP_HOSTILE_MODES,
    setNode: async (mode) => {
      proxy.mode = mode;
      proxy.drop();
    },
    makePlugin: ({ say, log }) =>
      chainPackage.makePlugin(
        {
          endpoints: config.endpoints.map((each) => ({ config: each, connect: () => connect(proxy.port, "127.0.0.1") })),
          say,
          crypto: { keccak256: unused, sha256: toySha256, secp256k1: { sign: unused, recoverAddress: unused, address: unused } },
          accountKey: new Uint8Array(32).fill(5),
          clock,
          log,
        },
        config,
      ),
    prove: (piece) => {
      const proven = verifyBlockEvents({ keccak256: unused, sha256: toySha256, openCertificate: () => null }, { kind: chainPackage.kind, depth: DEPTH, terms: NOTHING }, piece);
      if (!proven.ok) throw new Error(proven.failure.code);
      return proven.value.emissions.map(({ event }) => {
        if (!event.ok) throw new Error(event.failure.code);
        return event.value.index.toString();
      });
    },
    stop: async () => {
      await proxy.stop();
      await ledger.stop();
    },
  };
};
