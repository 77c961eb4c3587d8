import { applyRegistration, makeRegistry, type Registry, registryDocument, type RegistryDocument, relayGenesisDocument } from "@crossguardian/protocol";
import { decodeMessage } from "@crossguardian/wire";
import { connectOrderer, signDocument, type SignedDocument, type World } from "@crossguardian/world";

import { type Layer } from "../cell/layers.ts";
import { type GatewayProbe } from "../probe.ts";

const ANSWER_MS = 20_000;
/** Address that no key of the lab has. */
const THIEF = new Uint8Array(20).fill(0x66);
const LAST = (1n << 64n) - 1n;

const portsOf = ({ crypto, hashes }: World): { readonly hashes: World["hashes"]; readonly secp256k1: World["crypto"]["secp256k1"] } => ({ hashes, secp256k1: crypto.secp256k1 });

/** What governance has registered so far, as every domain that follows it has worked it out. */
const registryOf = (world: World): Registry => {
  const genesis = decodeMessage(relayGenesisDocument, world.terms.genesis);
  if (!genesis.ok) throw new Error("no genesis");
  return world.terms.registrations.reduce((registry, { document, signatures }) => {
    const decoded = decodeMessage(registryDocument, document);
    const next = decoded.ok ? applyRegistration(portsOf(world), registry, decoded.value, signatures) : decoded;
    if (!next.ok) throw new Error(`a document of the lab's own is refused: ${next.failure.code}`);
    return next.value;
  }, makeRegistry(world.hashes, genesis.value));
};

type Forging = { readonly world: World; readonly registry: Registry; readonly sign: (change: Partial<RegistryDocument>, keys?: readonly Uint8Array[]) => SignedDocument };

/** Signs a document of the next nonce that gives a gateway's place to the thief, with enough of governance's keys where none are named. */
const forgingOf = (world: World): Forging => {
  const registry = registryOf(world);
  const [gateway] = registry.gateways.values();
  if (gateway === undefined) throw new Error("no gateway is registered");
  const document: RegistryDocument = {
    relayGenesis: registry.relayGenesis, nonce: registry.nonce + 1n, chains: [], services: [], closedChains: [], validators: [],
    gateways: [{ ...gateway, address: THIEF }],
  };
  return { world, registry, sign: (change, keys = world.governorKeys.slice(0, registry.governanceThreshold)) => signDocument(world, { ...document, ...change }, keys) };
};

const [SOME, OTHER] = [new Uint8Array(32).fill(0x11), new Uint8Array(32).fill(0x12)];

/** Documents that governance has not signed, or not for now. The lab holds governance's keys, also those an attacker cannot have. */
const FORGERIES: Readonly<Record<string, readonly [says: string, make: (forging: Forging) => SignedDocument]>> = {
  nonceGap: ["a document of governance that leaves a nonce out, so that the one between never counts", ({ registry, sign }) => sign({ nonce: registry.nonce + 2n })],
  nonceAgain: ["another document under a nonce that was used", ({ registry, sign }) => sign({ nonce: registry.nonce })],
  nonceLast: ["a document with the last nonce there is, beyond 2^53, after which none counts", ({ sign }) => sign({ nonce: LAST })],
  epochGap: ["validators of an epoch that leaves one out", ({ registry, sign }) => sign({ validators: [{ ...registry.validators, epoch: registry.validators.epoch + 2n }] })],
  otherRelay: ["a document of another relay chain's governance", ({ sign }) => sign({ relayGenesis: SOME })],
  few: ["a document with one signature too few", ({ world, registry, sign }) => sign({}, world.governorKeys.slice(0, registry.governanceThreshold - 1))],
  oneTwice: ["a document that one governor signed twice", ({ world, registry, sign }) => {
    const [key = SOME] = world.governorKeys;
    return sign({}, Array.from({ length: registry.governanceThreshold }, () => key));
  }],
  strangers: ["a document that strangers signed", ({ sign }) => sign({}, [SOME, OTHER])],
};

/** What the interaction domain makes of it when it stands in a block. */
const isTakenByGateway = ({ world, registry }: Forging, { document, signatures }: SignedDocument): boolean => {
  const decoded = decodeMessage(registryDocument, document);
  return decoded.ok && applyRegistration(portsOf(world), registry, decoded.value, signatures).ok;
};

/** Hands it to the running relay chain. */
const isTakenByRelay = async ({ world }: Forging, signed: SignedDocument): Promise<boolean> => {
  const client = await connectOrderer(world.terms.ordererPort, 3, "governance");
  try {
    client.send("registration", signed);
    return (await client.next("registrationAck", ANSWER_MS)).code === "";
  } finally {
    client.close();
  }
};

/** The canary: the registry of one who takes whatever it is sent gives the gateway's place to the thief. */
const isThiefRegistered = ({ document }: SignedDocument): boolean => {
  const decoded = decodeMessage(registryDocument, document);
  return decoded.ok && decoded.value.gateways.some(({ address }) => Buffer.compare(address, THIEF) === 0);
};

const succeeds = async (world: World, make: (forging: Forging) => SignedDocument, layers: ReadonlySet<Layer>): Promise<boolean> => {
  const forging = forgingOf(world);
  const signed = make(forging);
  if (layers.has("proof") && !isTakenByGateway(forging, signed)) return false;
  if (layers.has("relay") && !(await isTakenByRelay(forging, signed))) return false;
  return isThiefRegistered(signed);
};

/** Requests in governance's name, against the relay chain that would order them and the gateway that would follow. */
export const governanceProbes = (world: World): readonly GatewayProbe[] =>
  Object.entries(FORGERIES).map(([name, [says, make]]) => ({
    id: `protocol.governance-${name}`,
    group: "protocol",
    threat: "have a registration followed that governance did not give",
    says,
    layers: ["proof", "relay"],
    succeeds: async (layers) => succeeds(world, make, layers),
  }));
