import { type Context } from "fabric-contract-api";
import { encodeFabricEvents, FABRIC_EVENT_NAME } from "@crossguardian/proof";
import { accountOfCertificate } from "../account.ts";
import { type Call, type Service } from "../call.ts";
import { loadTerms } from "../gateway/initialise.ts";
import { openLedger } from "../ledger.ts";
import { keccak256, powers } from "../powers.ts";
import { demand } from "../refusal.ts";
import { data, DATA } from "../services/data.ts";
import { vault, VAULT } from "../services/vault.ts";

/** Services of this package by name; a further one is a further line here, in a chaincode definition that the channel approves. */
export const SERVICES: ReadonlyMap<string, Service> = new Map([
  [VAULT, vault],
  [DATA, data],
]);

/**
 * A transaction's own time may differ from an endorser's clock by so much, in ms. So what endorsers sign is fresh: whoever gets at an
 * expired certificate's key can not date a transaction back into its time.
 */
const MAX_CLOCK_DIFFERENCE_MS = 15 * 60_000;

type OpenCall = Omit<Call, "terms">;

const openCall = ({ stub }: Context, services: ReadonlyMap<string, Service>): OpenCall => {
  const { mspid, idBytes } = stub.getCreator();
  return {
    powers,
    ledger: openLedger({
      get: async (key) => stub.getState(key),
      put: async (key, value) => stub.putState(key, value),
      remove: async (key) => stub.deleteState(key),
    }),
    caller: accountOfCertificate(keccak256, mspid, idBytes),
    services,
  };
};

/** Runs a transaction before the gateway has terms. */
export const openTransaction = async <T>(ctx: Context, run: (call: OpenCall) => Promise<T>, services = SERVICES): Promise<T> => {
  const difference = Math.abs(ctx.stub.getDateTimestamp().getTime() - Date.now());
  demand(difference <= MAX_CLOCK_DIFFERENCE_MS, "TimestampInvalid", { differenceMs: difference });
  const call = openCall(ctx, services);
  const result = await run(call);
  const logs = await call.ledger.flush();
  if (logs.length > 0) ctx.stub.setEvent(FABRIC_EVENT_NAME, encodeFabricEvents(logs));
  return result;
};

/** Runs a transaction that writes; its gateway events go into the one event a Fabric transaction has. */
export const transact = async <T>(ctx: Context, run: (call: Call) => Promise<T>, services = SERVICES): Promise<T> =>
  openTransaction(ctx, async (call) => run({ ...call, terms: await loadTerms(call.ledger) }), services);

/** Runs a question; what it would write is dropped. */
export const look = async <T>(ctx: Context, run: (call: Call) => Promise<T>): Promise<T> => {
  const call = openCall(ctx, SERVICES);
  return run({ ...call, terms: await loadTerms(call.ledger) });
};
