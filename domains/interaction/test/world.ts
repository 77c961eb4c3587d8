import { CodedError, compareBytes, concatBytes, toHex, type Fact } from "@crossguardian/kernel";
import { makeCrypto } from "@crossguardian/crypto";
import { type InteractionConfig, makeHashes, registrationDigest, registryDocument, relayGenesisDocument, relayGenesisHash, type RelayGenesisDocument } from "@crossguardian/protocol";
import { bounds, encodeMessage, type Message, MESSAGES, type MessageName, type Codec, privateCall, type SecurityOrder } from "@crossguardian/wire";
import { type Interaction, KEY_LABEL, makeInteraction } from "../src/interaction.ts";
import { type JournalFile, openJournal } from "../src/journal.ts";
import { sealJournal } from "../src/sealed-journal.ts";
import { type Module } from "../src/submitters.ts";
import { loadRegistry } from "../src/load-registry.ts";
import { makeFakeClock } from "./fake-clock.ts";
import { FakeChain } from "./fake-chain.ts";
import { FakeRelay } from "./fake-relay.ts";

export const crypto = await makeCrypto();
export const hashes = makeHashes(crypto.keccak256);
export const VAULT_A = "1356:chainA:vault";
export const VAULT_B = "1356:chainB:vault";
export const VAULT_C = "1356:chainC:vault";
export const SHOP_A = "1356:chainA:shop";
export const SHOP_B = "1356:chainB:shop";
export const RETRY_MS = 1000;
export const TIMEOUT_MS = 60_000n;

export const key = (seed: number): Uint8Array => crypto.keccak256(Uint8Array.of(seed));
/** Chain of each gateway. The third gateway runs only where a test asks for it. */
const CHAIN_OF: Readonly<Record<string, string>> = { gwA: "chainA", gwB: "chainB", gwC: "chainC" };
const rootOf = (gateway: string): Uint8Array => key(101 + Object.keys(CHAIN_OF).indexOf(gateway));
/** Key under which a gateway's journal is sealed. */
export const journalKeyOf = (gateway: string) => ({ secret: crypto.deriveKey(rootOf(gateway), KEY_LABEL.journal), epoch: 1n });
export const sign = (digest: Uint8Array, privateKey: Uint8Array): Uint8Array => {
  const { signature, recovery } = crypto.secp256k1.sign(digest, privateKey);
  return concatBytes([signature, Uint8Array.of(27 + recovery)]);
};

export const memoryFile = (): JournalFile & { bytes: Uint8Array; broken: boolean } => {
  const file: JournalFile & { bytes: Uint8Array; broken: boolean } = {
    bytes: new Uint8Array(0),
    broken: false,
    read: async () => file.bytes,
    truncate: async (length: number) => {
      file.bytes = file.bytes.slice(0, length);
    },
    append: async (bytes: Uint8Array) => {
      if (file.broken) throw new Error("disk");
      file.bytes = concatBytes([file.bytes, bytes]);
    },
    sync: async () => undefined,
    close: async () => undefined,
    replace: async (bytes: Uint8Array) => {
      if (file.broken) throw new Error("disk");
      file.bytes = bytes.slice();
    },
  };
  return file;
};

export type Logged = { readonly level: "info" | "warn" | "alarm"; readonly event: string; readonly facts: Readonly<Record<string, Fact>> };

type GatewayState = {
  readonly name: string;
  readonly file: ReturnType<typeof memoryFile>;
  readonly chain: FakeChain;
  interaction: Interaction;
  /** Relay domain's view of how far this gateway is. */
  wanted: bigint | null;
  sentTo: bigint;
  /** Plugin: cursor and grants. */
  scanFrom: bigint | null;
  grants: number;
  witnessFrom: Map<string, bigint>;
  generation: number;
};

/** Two gateways, two chains and a relay in one process, on a clock moved by hand. */
export class World {
  readonly clock = makeFakeClock();
  readonly logs: Logged[] = [];
  readonly chains: Record<string, FakeChain> = {};
  readonly gateways: Record<string, GatewayState> = {};
  readonly relay: FakeRelay;
  readonly registrations: { document: Uint8Array; signatures: Uint8Array[] }[];
  readonly genesis: Uint8Array;
  readonly validatorKeys = [11, 12, 13, 14].map(key);
  readonly depth = 1n;
  /** Called for each message on its way; false swallows it. */
  filter: (to: string, name: MessageName, message: unknown) => boolean = () => true;
  /** Turns what the plugin of a chain reports into something else. */
  lie: (message: Message<"observed">) => Message<"observed"> = (message) => message;
  witnessLies = new Map<string, (header: Message<"headerReport">["headers"][number]) => Message<"headerReport">["headers"][number]>();
  dropSubmits = false;
  /** Suites by the security profiles, for gateways that are started afterwards. */
  readonly pairs = new Map<string, SecurityOrder["pairs"]>();
  /** Plugins tell nothing that begins at such a block. */
  holdScan: (from: bigint) => boolean = () => false;
  submissions: Message<"submit">[] = [];
  /** Service modules of a gateway's chain. */
  readonly modules: Readonly<Record<string, readonly Module[]>>;
  /** Domains that share the pairs of a gateway's plugin with it. */
  readonly replicas: Readonly<Record<string, readonly string[]>>;
  #queue: (() => void)[] = [];
  readonly #suite: string;
  readonly #tightening: boolean;
  /** A submission that loses against others on its chain: all of it is undone, and the plugin says that it failed. */
  conflicts: (submission: Message<"submit">) => boolean = () => false;

  private constructor(suite: string, tightening: boolean, modules: World["modules"], replicas: World["replicas"]) {
    this.#suite = suite;
    this.#tightening = tightening;
    this.modules = modules;
    this.replicas = replicas;
    const nowMs = (): number => this.clock.wallMs();
    this.chains["chainA"] = new FakeChain(hashes, "chainA", 1001n, nowMs);
    this.chains["chainB"] = new FakeChain(hashes, "chainB", 1002n, nowMs);
    this.chains["chainC"] = new FakeChain(hashes, "chainC", 1003n, nowMs);
    const genesis: RelayGenesisDocument = {
      bxhId: "1356", createdMs: 1n, governors: [crypto.secp256k1.address(key(1))], governanceThreshold: 1,
      validators: { epoch: 0n, validators: this.validatorKeys.map((each) => crypto.secp256k1.address(each)).sort(compareBytes), threshold: 3 },
    };
    this.genesis = encodeMessage(relayGenesisDocument, genesis);
    const document = encodeMessage(registryDocument, {
      relayGenesis: relayGenesisHash(hashes, genesis), nonce: 1n,
      chains: Object.values(this.chains).map(({ name, contract, target }) => ({
        chain: name, kind: 1 as const, numericId: BigInt(`0x${toHex(target.chain)}`), genesisHash: this.chains[name]!.genesisHash(), contract, depth: Number(this.depth), deployHeight: 0n, terms: new Uint8Array(0),
      })),
      services: [VAULT_A, VAULT_B, VAULT_C, SHOP_A, SHOP_B].map((id) => ({ id, contract: new Uint8Array(20).fill(5), asset: false, ordered: false })),
      gateways: Object.entries(CHAIN_OF).map(([name, chain]) => ({
        name, address: crypto.secp256k1.address(crypto.deriveKey(rootOf(name), KEY_LABEL.gateway)), boxKey: this.boxKey(name), keyEpoch: 0n,
        chains: [chain],
      })),
      closedChains: [], validators: [],
    });
    this.registrations = [{ document, signatures: [sign(registrationDigest(hashes, document), key(1))] }];
    const registry = loadRegistry({ hashes, secp256k1: crypto.secp256k1 }, { genesis: this.genesis, registrations: this.registrations });
    this.relay = new FakeRelay(crypto, hashes, () => registry, this.validatorKeys, nowMs);
  }

  static async create(
    { suite = "aes-256-gcm", third = false, tightening = true, modules = {}, replicas = {} }: { readonly suite?: string; readonly third?: boolean; readonly tightening?: boolean; readonly modules?: World["modules"]; readonly replicas?: World["replicas"] } = {},
  ): Promise<World> {
    const world = new World(suite, tightening, modules, replicas);
    for (const name of third ? ["gwA", "gwB", "gwC"] : ["gwA", "gwB"]) await world.startGateway(name);
    return world;
  }

  boxKey(name: string): Uint8Array {
    return crypto.x25519.publicKey(crypto.deriveKey(rootOf(name), KEY_LABEL.box));
  }

  config(name: string): InteractionConfig {
    const chain = CHAIN_OF[name]!;
    return {
      gateway: name, genesis: this.genesis, registrations: this.registrations,
      chains: [{ chain, plugin: "plugin", modules: this.modules[name] ?? [], replicas: this.replicas[name] ?? [], witnesses: ["w1", "w2", "w3"], quorum: 2 }],
      relay: "relay", suite: this.#suite, lingerMs: 5, maxBatchEntries: 64, priorities: true, tightening: this.#tightening, retryMs: RETRY_MS,
    };
  }

  /** Starts a gateway's interaction domain, or kills it and starts it again; `loseJournal` empties its volume. */
  async startGateway(name: string, { loseJournal = false } = {}): Promise<void> {
    const before = this.gateways[name];
    const file = before === undefined || loseJournal ? memoryFile() : before.file;
    const chain = before?.chain ?? this.chains[CHAIN_OF[name]!]!;
    const generation = (before?.generation ?? 0) + 1;
    const log = (level: Logged["level"]) => (event: string, facts: Readonly<Record<string, Fact>> = {}): void => {
      if (this.gateways[name]?.generation === generation || this.gateways[name] === undefined) this.logs.push({ level, event, facts });
    };
    const logs = { info: log("info"), warn: log("warn"), alarm: log("alarm") };
    const alive = (): boolean => this.gateways[name]?.generation === generation;
    const clock = {
      ...this.clock,
      after: (delayMs: number, run: () => void) => this.clock.after(delayMs, () => {
        if (alive()) run();
      }),
    };
    const journal = await openJournal({ file: sealJournal(file, { crypto, log: logs }, journalKeyOf(name)), clock, log: logs });
    const state: GatewayState = {
      name, file, chain, generation, wanted: null, sentTo: 0n, scanFrom: null, grants: 0, witnessFrom: new Map(),
      interaction: makeInteraction(
        {
          send: (to, messageName, message) => {
            if (!alive()) return true;
            const codec = MESSAGES[messageName].codec as unknown as Codec<typeof message>;
            const size = encodeMessage(codec, message).length;
            if (size > MESSAGES[messageName].maxBytes) throw new Error(`${messageName} is too long: ${size.toString()}`);
            this.#queue.push(() => {
              if (alive() && this.filter(to, messageName, message)) this.#deliver(state, to, messageName, message);
            });
            return true;
          },
          clock, log: logs, crypto, rootKey: rootOf(name), journal, pairs: this.pairs.get(name) ?? [],
        },
        this.config(name),
      ),
    };
    this.gateways[name] = state;
    state.interaction.start();
    for (const peer of ["relay", "w1", "w2", "w3", "plugin"]) state.interaction.onPeer(peer, true);
  }

  /** Works off everything that can happen now. */
  settleQueue(): void {
    for (;;) {
      const next = this.#queue.shift();
      if (next !== undefined) {
        next();
        continue;
      }
      if (!this.#environment()) return;
    }
  }

  /** Lets time pass; blocks are mined each second and the relay cuts each 250 ms. */
  run(ms: number): void {
    for (let at = 0; at < ms; at += 250) {
      this.settleQueue();
      this.clock.advance(250, () => this.settleQueue());
      if (!this.relay.isDown) this.relay.cut();
      if (at % 1000 === 0) for (const chain of Object.values(this.chains)) if (!chain.isDown) chain.mine();
      this.settleQueue();
    }
  }

  async flush(): Promise<void> {
    for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
  }

  codes(level?: Logged["level"]): string[] {
    return this.logs.filter((each) => level === undefined || each.level === level).map((each) => each.event);
  }

  givePrivateBody(name: string, call: { salt: Uint8Array; func: string; args: readonly Uint8Array[] }): Promise<void> {
    const state = this.gateways[name]!;
    const sealed = crypto.sealTo(this.boxKey(name), encodeMessage(privateCall, call));
    return state.interaction.onPrivateBody("plugin", { chain: state.chain.name, bodyHash: hashes.bodyHash(call), sealed });
  }

  #deliver(state: GatewayState, to: string, name: MessageName, message: unknown): void {
    const { interaction, chain } = state;
    if (name === "wantHeaders") state.witnessFrom.set(to, (message as Message<"wantHeaders">).from);
    else if (name === "scan") {
      const { from, grants, restart } = message as Message<"scan">;
      if (restart) {
        state.scanFrom = from;
        state.grants = grants;
      } else state.grants += grants;
    } else if (name === "publish") {
      if (this.relay.isDown) return;
      interaction.onPublishAck("relay", this.relay.publish(message as Message<"publish">));
    } else if (name === "wantBlocks") {
      const { from } = message as Message<"wantBlocks">;
      if (state.wanted === null || from < state.wanted) state.sentTo = from;
      state.wanted = from;
    } else if (name === "submit") {
      const submission = message as Message<"submit">;
      this.submissions.push(submission);
      if (this.dropSubmits || chain.isDown) return;
      let outcome: 1 | 2 = 1;
      try {
        if (this.conflicts(submission)) outcome = 2;
        else chain.apply(submission);
      } catch (error) {
        if (error instanceof CodedError) throw error;
        outcome = 2;
      }
      interaction.onSubmitted(to, { chain: chain.name, id: submission.id, outcome, detail: "" });
    } else if (name === "query") {
      if (chain.isDown) return;
      const { id, pairs } = message as Message<"query">;
      interaction.onDecided(to, {
        chain: chain.name, id,
        pairs: pairs.map(({ from, to: target, side, base, count }) => {
          const bitmap = new Uint8Array(Math.ceil(count / 8));
          for (let bit = 0; bit < count; bit += 1) {
            if (chain.isDecided(from, target, base + BigInt(bit), side)) bitmap[bit >> 3]! |= 1 << (bit & 7);
          }
          return { from, to: target, side, base, last: base + BigInt(count), bitmap };
        }),
      });
    }
  }

  /** Witnesses, plugins and the relay domain do what they may do now; false when there was nothing. */
  #environment(): boolean {
    let busy = false;
    for (const state of Object.values(this.gateways)) {
      busy = this.#witnesses(state) || busy;
      busy = this.#plugin(state) || busy;
      busy = this.#blocks(state) || busy;
    }
    return busy;
  }

  #witnesses({ interaction, chain, witnessFrom }: GatewayState): boolean {
    let busy = false;
    const final = chain.tip() - this.depth;
    for (const [witness, from] of witnessFrom) {
      if (from > final) continue;
      const headers = chain.blocks.slice(Number(from), Math.min(Number(final) + 1, Number(from) + bounds.MAX_HEADERS_PER_REPORT)).map(({ height, hash, parentHash }) => ({ height, hash, parentHash }));
      witnessFrom.set(witness, from + BigInt(headers.length));
      const lie = this.witnessLies.get(witness);
      interaction.onHeaders(witness, { chain: chain.name, tip: chain.tip(), headers: lie === undefined ? headers : headers.map(lie) });
      busy = true;
    }
    return busy;
  }

  #plugin(state: GatewayState): boolean {
    const { chain, scanFrom } = state;
    const final = chain.tip() - this.depth;
    if (scanFrom === null || scanFrom > final || state.grants === 0 || this.holdScan(scanFrom)) return false;
    const to = scanFrom + 7n < final ? scanFrom + 7n : final;
    const blocks = chain.blocks.slice(Number(scanFrom), Number(to) + 1).filter((each) => each.places.length > 0).map(({ height, evidence, places }) => ({ height, evidence, places }));
    state.grants -= 1;
    state.scanFrom = to + 1n;
    state.interaction.onObserved("plugin", this.lie({ chain: chain.name, from: scanFrom, to, blocks }));
    return true;
  }

  #blocks(state: GatewayState): boolean {
    if (state.wanted === null || this.relay.isDown) return false;
    const block = this.relay.view(state.sentTo, state.name);
    if (block === null) return false;
    state.sentTo += 1n;
    state.interaction.onBlock("relay", block);
    return true;
  }
}
