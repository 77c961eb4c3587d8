import { connect } from "node:net";
import { type Duplex, duplexPair } from "node:stream";
import { makeCrypto } from "@crossguardian/crypto";
import { type Coin, devAccounts, keyHashOf, payToKey, publicKeyOf, signSpend, startUtxoChain } from "@crossguardian/devnet";
import { CHAIN_KIND, type Clock, CodedError, compareBytes, fromHex, type Log, ok, refuse, toHex } from "@crossguardian/kernel";
import { payloadScript, sha256d, utxoTerms, verifyBlockEvents } from "@crossguardian/proof";
import { makeHashes, type PluginConfig, wordOf } from "@crossguardian/protocol";
import { makeSigner, serveSigner, type Signer } from "@crossguardian/relay-chain";
import { HTTP_HOSTILE_MODES, type PluginWorld, startHttpFaultProxy } from "@crossguardian/testkit";
import { makePool, payToProgram, poolProgram, poolScript, poolSettings, type PoolSettings } from "@crossguardian/utxo";
import { encodeMessage } from "@crossguardian/wire";
import { chainPackage, makeNode } from "../src/index.ts";

const DEPTH = 1;
const POLL_MS = 50;
const THRESHOLD = 3;
const LIMIT_BITS = 0x207f_ffff;
const FEE = 2_000n;
const RESERVE = 2_000_000n;
const COIN = 100_000n;
const COINS = 120;
const DEPOSIT = 60_000n;
const OWN = "1356:C:vault";
const PEER = "1356:A:vault";
const NOTHING = new Uint8Array(0);
const SIGNING_DEADLINE_MS = 20_000;
const LOOK_MS = 20;
const QUIET: Log = { info: () => undefined, warn: () => undefined, alarm: () => undefined };
const clock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after: (delayMs, run) => {
    const timer = setTimeout(run, delayMs);
    return () => clearTimeout(timer);
  },
};
const keyOf = (byte: number): Uint8Array => new Uint8Array(32).fill(byte);

/** A world of the contract suite, and what else can be done to its pool. */
export type PoolWorld = PluginWorld & {
  readonly signers: readonly Signer[];
  /** A signer that does not answer, or does again. */
  readonly silence: (place: number, isSilent: boolean) => void;
};

/** What `plugin test` runs the contract suite on: a bcoin node on regtest, a pool with four signers that run the real rules, and a user who locks coins. */
export const makeWorld = async (): Promise<PoolWorld> => {
  const crypto = await makeCrypto();
  const { sha256 } = crypto;
  const hashes = makeHashes(crypto.keccak256);
  const key = fromHex(devAccounts(1)[0]!.privateKey);
  const own = payToKey(publicKeyOf(key));
  const chain = await startUtxoChain({ blockTimeMs: 0, keyHash: toHex(keyHashOf(publicKeyOf(key))) });
  const nodePort = Number(new URL(chain.url).port);
  const proxy = await startHttpFaultProxy(nodePort);
  const ask = async (body: string): Promise<string> => (await fetch(chain.url, { method: "POST", body })).text();
  const rpc = async (method: string, ...params: readonly unknown[]): Promise<any> => (JSON.parse(await ask(JSON.stringify({ id: 1, method, params }))) as { readonly result: unknown }).result;
  const genesisHash = sha256d(sha256, fromHex(await rpc("getblockheader", await rpc("getblockhash", 0), false)));
  const node = makeNode(ask, { sha256 }, { genesisHash, limitBits: LIMIT_BITS });
  const emptyBlocks = async (count: number): Promise<void> => {
    await rpc("generate", count);
  };

  const signerKeys = [21, 22, 23, 24].map(keyOf).sort((left, right) => compareBytes(publicKeyOf(left), publicKeyOf(right)));
  const script = poolScript({ threshold: THRESHOLD, signers: signerKeys.map(publicKeyOf), recovery: { blocks: 4_032, threshold: 2, governors: [31, 32, 33].map((each) => publicKeyOf(keyOf(each))) } });
  const program = poolProgram(sha256, script);
  const [coinbase] = (await node.block(1n)).transactions;
  const first: Coin = { txid: coinbase!.txid, vout: 0, value: coinbase!.transaction.outputs[0]!.value };
  const change = first.value - RESERVE - COIN * BigInt(COINS) - 10n * FEE;
  const funding = signSpend(crypto, key, [first], [{ value: RESERVE, script: payToProgram(program) }, ...Array.from({ length: COINS }, () => ({ value: COIN, script: own })), { value: change, script: own }]);
  const startHeight = (await node.tip()) + 1n;
  await node.send(funding.raw);
  await emptyBlocks(1);
  const coins: Coin[] = Array.from({ length: COINS }, (_, at) => ({ txid: funding.txid, vout: at + 1, value: COIN }));

  const settings: PoolSettings = {
    chain: "C", chainWord: wordOf(9), relayGenesis: keyOf(1), epoch: 1n, validators: [11, 12, 13, 14].map((each) => crypto.secp256k1.address(keyOf(each))).sort(compareBytes), validatorThreshold: THRESHOLD,
    script, threshold: THRESHOLD, signers: signerKeys.map((each) => crypto.secp256k1.address(each)), funding: funding.encoded,
    peers: [{ service: PEER, chain: wordOf(7), contract: keyOf(8) }], service: OWN, limitBits: LIMIT_BITS, depth: DEPTH, feeSats: FEE, startHeight,
  };
  const signers: readonly Signer[] = signerKeys.map((signerKey) =>
    makeSigner({
      pool: makePool({ hashes, sha256, secp256k1: crypto.secp256k1 }, settings), settings, secp256k1: crypto.secp256k1, sha256, key: signerKey, log: QUIET,
      journal: { append: () => 0, flush: async () => undefined },
      headerAt: async (height) => {
        const header = await node.header(height);
        return header === null ? refuse(new CodedError("plugin.answer.refused", { height }).failure) : ok(header);
      },
      certified: [], pending: NOTHING, maySign: true,
    }),
  );
  const open: (readonly [Signer, Duplex])[] = [];
  const silent = new Set<Signer>();
  const askSigner = (signer: Signer): Duplex => {
    const [mine, theirs] = duplexPair();
    if (silent.has(signer)) {
      theirs.destroy();
      return mine;
    }
    open.push([signer, theirs]);
    serveSigner(theirs, signer.answer, (error) => {
      throw error;
    });
    return mine;
  };

  const config: PluginConfig = {
    chain: "C", kind: CHAIN_KIND.utxo, endpoints: ["node", ...signers.map((_, at) => `signer-${at + 1}`)].map((name) => ({ name, scheme: "tcp", host: "127.0.0.1", path: "/" })),
    numericId: 9n, genesisHash, contract: program, depth: DEPTH, pollMs: POLL_MS, maxEntriesPerTransaction: 50, maxGas: 0n, executeGas: 0, settleGas: 0, cancelGas: 0, intake: "",
    terms: encodeMessage(utxoTerms, { limitBits: LIMIT_BITS, service: OWN, peers: [PEER] }), settings: encodeMessage(poolSettings, settings),
  };
  const pluginAt = (port: number, { say, log }: Parameters<PluginWorld["makePlugin"]>[0]): ReturnType<typeof chainPackage.makePlugin> =>
    chainPackage.makePlugin(
      {
        endpoints: config.endpoints.map((each, at) => ({ config: each, connect: () => (at === 0 ? connect(port, "127.0.0.1") : askSigner(signers[at - 1]!)) })),
        say, crypto, accountKey: keyOf(5), clock, log,
      },
      config,
    );
  // Moves the pool whatever the tested plugin's node does: a plugin of its own, straight at the node.
  const mover = pluginAt(nodePort, { say: () => true, log: QUIET });

  const until = async (what: string, holds: () => Promise<boolean>): Promise<void> => {
    const end = performance.now() + SIGNING_DEADLINE_MS;
    while (!(await holds())) {
      if (performance.now() > end) throw new Error(`within ${SIGNING_DEADLINE_MS} ms it did not come to hold: ${what}`);
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  };
  let index = 0;
  return {
    chain: config.chain,
    depth: DEPTH,
    signers,
    silence: (place, isSilent) => {
      const signer = signers[place]!;
      if (!isSilent) silent.delete(signer);
      else {
        silent.add(signer);
        for (const [of, stream] of open) if (of === signer) stream.destroy();
      }
    },
    emptyBlocks,
    emit: async (count) => {
      const lock = payloadScript({ type: "lock", peer: 0, timeoutS: 60, receiver: new Uint8Array(20).fill(3), refund: keyHashOf(publicKeyOf(key)) });
      for (let left = count; left > 0; left -= 1) {
        const coin = coins.pop();
        if (coin === undefined) throw new Error("no coin is left");
        const back = coin.value - DEPOSIT - FEE;
        const signed = signSpend(crypto, key, [coin], [{ value: DEPOSIT, script: payToProgram(program) }, { value: 0n, script: lock }, { value: back, script: own }]);
        await node.send(signed.raw);
      }
      await emptyBlocks(1 + DEPTH);
      const wanted = index + count;
      await until("t signers have every step", async () => signers.filter((each) => each.steps() >= wanted).length >= THRESHOLD);
      // A node keeps chains of 25 unconfirmed steps, so they may come in several blocks.
      for (let shown = 0; shown < count; ) {
        await until("a step waits for a block", async () => ((await rpc("getrawmempool")) as readonly string[]).length > 0);
        await emptyBlocks(1);
        shown += (await node.block(await node.tip())).transactions.length - 1;
      }
      await emptyBlocks(DEPTH);
      return Array.from({ length: count }, () => String((index += 1)));
    },
    height: async () => node.tip(),
    hostileModes: HTTP_HOSTILE_MODES,
    setNode: async (mode) => {
      proxy.mode = mode;
      proxy.drop();
    },
    makePlugin: (ports) => pluginAt(proxy.port, ports),
    prove: (piece) => {
      const proven = verifyBlockEvents(crypto, { kind: CHAIN_KIND.utxo, depth: DEPTH, terms: config.terms }, piece);
      if (!proven.ok) throw new Error(proven.failure.code);
      return proven.value.emissions.map(({ emitter, event }) => {
        if (!event.ok || compareBytes(emitter, program) !== 0) throw new Error("not an event of the pool");
        return event.value.index.toString();
      });
    },
    stop: async () => {
      mover.stop();
      await proxy.stop();
      await chain.stop();
    },
  };
};
