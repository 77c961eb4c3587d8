import { equalBytes, toHex } from "@crossguardian/kernel";
import { bool, struct } from "@crossguardian/wire";
import { type Call } from "../call.ts";
import { makeTable, tables } from "../gateway/store.ts";
import { demand, Refusal } from "../refusal.ts";

/** What every service shares (Endpoint.sol): one admin until sealed, a list of peers. */
export type Endpoint = {
  readonly requireAdmin: (call: Call) => Promise<void>;
  readonly requirePeer: (call: Call, peer: Uint8Array) => Promise<void>;
  readonly list: (call: Call, peer: Uint8Array) => void;
  readonly isPeer: (call: Call, peer: Uint8Array) => Promise<boolean>;
  readonly seal: (call: Call) => Promise<void>;
  /** Key under which governance registered this service. */
  readonly key: (call: Call) => Promise<Uint8Array>;
};

/** Makes the shared part of the service `name`. */
export const makeEndpoint = (name: string): Endpoint => {
  const peers = makeTable(`${name}/peer/`, struct({ listed: bool }));
  const sealed = makeTable(`${name}/sealed`, struct({ sealed: bool }));
  const requireAdmin = async (call: Call): Promise<void> => {
    demand(equalBytes(call.caller, call.terms.admin), "NotAdmin");
    demand((await sealed.get(call.ledger, ""))?.sealed !== true, "IsSealed");
  };
  const isPeer: Endpoint["isPeer"] = async ({ ledger }, peer) => (await peers.get(ledger, toHex(peer)))?.listed === true;
  return {
    requireAdmin,
    isPeer,
    requirePeer: async (call, peer) => demand(await isPeer(call, peer), "NotPeer", { peer: toHex(peer) }),
    list: ({ ledger }, peer) => {
      peers.put(ledger, toHex(peer), { listed: true });
    },
    seal: async (call) => {
      await requireAdmin(call);
      sealed.put(call.ledger, "", { sealed: true });
    },
    key: async ({ ledger }) => {
      const record = await tables.serviceOf.get(ledger, name);
      if (record === null) throw new Refusal("NotService");
      return record.key;
    },
  };
};
