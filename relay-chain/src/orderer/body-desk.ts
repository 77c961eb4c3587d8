import { toHex } from "@crossguardian/kernel";
import { bounds, cidText, type Message } from "@crossguardian/wire";
import { type OrdererPowers } from "./orderer-powers.ts";

/** Gives out bodies, and has peers asked for those that are gone. */
export type BodyDesk = {
  /** Asks peers in the background; at most MAX_FETCHES at a time. */
  readonly fetch: (cid: Uint8Array) => void;
  /** Bodies in the order of the question, empty where they are not (yet) here or the answer is full. */
  readonly answer: (cids: readonly Uint8Array[]) => Promise<Message<"bodies">>;
};

/** Bodies peers are asked for at the same time. */
export const MAX_FETCHES = 64;
/** Bodies of one answer together, in bytes. */
export const MAX_BODIES_ANSWER_BYTES = 6 * 1024 * 1024;
const NO_BYTES = new Uint8Array(0);

/** Makes the desk. */
export const makeBodyDesk = (powers: Pick<OrdererPowers, "bodies" | "fetchBody" | "log">): BodyDesk => {
  const fetching = new Set<string>();
  const fetch = (cid: Uint8Array): void => {
    const key = toHex(cid);
    if (powers.fetchBody === null || fetching.has(key) || fetching.size >= MAX_FETCHES || cid.length === 0) return;
    fetching.add(key);
    powers.log.warn("relaychain.body.missing", { cid: cidText(cid) });
    const done = (): void => {
      fetching.delete(key);
    };
    powers.fetchBody(cid).then(done, done);
  };
  return {
    fetch,
    answer: async (cids) => {
      let left = MAX_BODIES_ANSWER_BYTES;
      const bodies = [];
      for (const cid of cids) {
        const body = left > 0 && cid.length > 0 ? await powers.bodies.get(cid) : NO_BYTES;
        if (body === null) fetch(cid);
        const isFit = body !== null && body.length <= left && body.length <= bounds.MAX_IBTP_BYTES;
        if (isFit) left -= body.length;
        bodies.push({ cid, body: isFit ? body : NO_BYTES });
      }
      return { bodies };
    },
  };
};
