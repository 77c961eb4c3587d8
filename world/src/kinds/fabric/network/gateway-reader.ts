import { CodedError } from "@crossguardian/kernel";

import { type FabricClient } from "../fabric-client.ts";

/** What the gateway chaincode of a channel says of itself. */
export type GatewayFacts = {
  readonly relayGenesis: string;
  readonly chain: string;
  readonly contract: string;
  readonly admin: string;
  readonly governanceNonce: bigint;
  readonly validators: readonly string[];
  readonly threshold: number;
};

/** Reads the chaincode. Everything is a peer's word: it decides what is sent, and nothing that is trusted. @throws cli.fabric.chaincode */
export type GatewayReader = {
  /** Null while the chaincode stands and is not initialised. */
  readonly facts: () => Promise<GatewayFacts | null>;
  /** Ids of registered services. */
  readonly services: () => Promise<ReadonlySet<string>>;
  readonly isPairAllowed: (from: string, to: string) => Promise<boolean>;
  readonly isPeer: (service: string, peer: string) => Promise<boolean>;
  /** Account of who asks. */
  readonly account: () => Promise<string>;
};

const MAX_SAID_CHARS = 200;
const decoder = new TextDecoder();

const isTexts = (value: unknown): value is readonly string[] => Array.isArray(value) && value.every((each) => typeof each === "string");
const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === "object" && value !== null && !Array.isArray(value);

/** Makes a reader; keys are hexadecimal. */
export const makeGatewayReader = (chain: string, client: Pick<FabricClient, "evaluate">, place: { readonly channel: string; readonly chaincode: string }): GatewayReader => {
  const wrong = (says: string): CodedError =>
    new CodedError("cli.fabric.chaincode", { chain, ...place, says: says.slice(0, MAX_SAID_CHARS), fix: "package, install, approve and commit the chaincode (docs/fabric.md)" });
  const ask = async (name: string, args: readonly string[] = []): Promise<string> => {
    try {
      return decoder.decode(await client.evaluate(name, args));
    } catch (error) {
      if (!(error instanceof CodedError)) throw error;
      throw wrong(String(error.failure.facts["detail"] ?? error.code));
    }
  };
  const askJson = async (name: string, args: readonly string[] = []): Promise<unknown> => {
    const untrusted = await ask(name, args);
    try {
      return JSON.parse(untrusted);
    } catch {
      throw wrong(`${name} did not answer JSON`);
    }
  };
  const factsIn = (untrusted: unknown): GatewayFacts => {
    if (!isRecord(untrusted)) throw wrong("gateway:terms is no object");
    const text = (name: string): string => {
      const value = untrusted[name];
      if (typeof value !== "string" || !/^[0-9a-f]*$/u.test(value)) throw wrong(`gateway:terms has no ${name}`);
      return value;
    };
    const { validators, threshold, governanceNonce } = untrusted;
    if (!isTexts(validators) || typeof threshold !== "number" || typeof governanceNonce !== "string" || !/^\d{1,20}$/u.test(governanceNonce)) throw wrong("gateway:terms has another form");
    return { relayGenesis: text("relayGenesis"), chain: text("chain"), contract: text("contract"), admin: text("admin"), governanceNonce: BigInt(governanceNonce), validators, threshold };
  };
  return {
    facts: async () => {
      try {
        return factsIn(await askJson("gateway:terms"));
      } catch (error) {
        if (error instanceof CodedError && String(error.failure.facts["says"]).includes("NotInitialised")) return null;
        throw error;
      }
    },
    services: async () => {
      const untrusted = await askJson("gateway:services");
      return new Set((Array.isArray(untrusted) ? untrusted : []).flatMap((each: unknown) => (isRecord(each) && typeof each["id"] === "string" ? [each["id"]] : [])));
    },
    isPairAllowed: async (from, to) => {
      const untrusted = await askJson("gateway:pairState", [from, to]);
      return isRecord(untrusted) && untrusted["allowed"] === true;
    },
    isPeer: async (service, peer) => (await ask(`${service}:isPeer`, [peer])) === "true",
    account: async () => ask("vault:account"),
  };
};
