import { connect } from "node:net";

import { CodedError } from "@crossguardian/kernel";
import { type GrpcConnection, makeIdentity, openGrpc } from "@crossguardian/plugin-fabric-blocks";
import { type ContractPort, openContract } from "@crossguardian/plugin-fabric";

import { type FabricUsers } from "./fabric-places.ts";

/** A client of a development channel's peer. */
export type FabricClient = {
  /** A call whose conflicts are tried again; answers the transaction's id. @throws fabric.submit.refused, fabric.submit.conflict */
  readonly submit: (name: string, args: readonly (string | Uint8Array)[]) => Promise<string>;
  readonly evaluate: ContractPort["evaluate"];
  /** The connection as it is now, opened when it is not; kept until nobody has used it for a while. */
  readonly use: <T>(run: (connection: GrpcConnection) => Promise<T>) => Promise<T>;
  readonly identity: ReturnType<typeof makeIdentity>;
};

const IDLE_MS = 300;
const MAX_TRIES = 60;
const MAX_WAIT_MS = 500;
const ENDPOINT = "client";

const sleep = async (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Opens a client as one of the users; it holds no connection while nobody uses it, so a command can end. */
export const openFabricClient = (users: FabricUsers, lane: number, place: { readonly channel: string; readonly chaincode: string }): FabricClient => {
  const member = users.members[lane % users.members.length];
  if (member === undefined) throw new CodedError("fabric.config.identity", { mspId: "" });
  const settings = { ...member, endpoints: [{ name: ENDPOINT, authorityPem: users.tlsAuthorityPem, serverName: users.serverName }], maxEntries: 1, maxTransactions: 1 };
  const identity = makeIdentity(settings, null);
  const [host = "", port = ""] = users.peer.split(":");
  let connection: GrpcConnection | null = null;
  let opening: Promise<GrpcConnection> | null = null;
  let inUse = 0;
  let idle: NodeJS.Timeout | null = null;

  const open = async (): Promise<GrpcConnection> =>
    new Promise((resolve, reject) => {
      const dial = openGrpc(() => connect(Number(port), host), { name: ENDPOINT, scheme: "grpcs", host: users.peer, path: "" }, settings);
      const made: GrpcConnection = dial({
        onUp: () => {
          connection = made;
          resolve(made);
        },
        onDown: (why) => {
          if (connection === made) connection = null;
          reject(new CodedError(why.code, why.facts));
        },
      });
    });

  const use: FabricClient["use"] = async (run) => {
    if (idle !== null) clearTimeout(idle);
    inUse += 1;
    try {
      if (connection !== null) return await run(connection);
      opening ??= open().finally(() => {
        opening = null;
      });
      return await run(await opening);
    } finally {
      inUse -= 1;
      if (inUse === 0) idle = setTimeout(() => connection?.close(), IDLE_MS);
    }
  };

  const contract = openContract(() => connection, identity, place);
  return {
    identity,
    use,
    evaluate: async (name, args) => use(async () => contract.evaluate(name, args)),
    submit: async (name, args) =>
      use(async () => {
        for (let attempt = 1; attempt <= MAX_TRIES; attempt += 1) {
          const outcome = await contract.submit(name, args);
          if (outcome.kind === "committed") return outcome.transaction;
          if (outcome.kind !== "conflict") throw new CodedError("fabric.submit.refused", { call: name, detail: outcome.detail });
          await sleep(Math.min(10 * attempt, MAX_WAIT_MS) * (0.5 + Math.random()));
        }
        throw new CodedError("fabric.submit.conflict", { tries: MAX_TRIES });
      }),
  };
};
