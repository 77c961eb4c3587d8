import { bytes, decodeMessage, encodeMessage, hash32, list, struct } from "@crossguardian/wire";
import { CodedError } from "@crossguardian/kernel";
import { type EvmLog } from "../evm/receipt.ts";

/** Name of the gateway chaincode's event. A Fabric transaction has one event, so it lists what happened. */
export const FABRIC_EVENT_NAME = "CrossGuardian";
/** Gateway events of one transaction. */
export const MAX_FABRIC_EVENTS = 4096;
const MAX_EVENT_BYTES = 64 * 1024;

/** One gateway event in the form of the Solidity contract: topic 0, the keys of the pair, ABI-encoded data. */
const gatewayLog = struct({ topic: hash32, from: hash32, to: hash32, data: bytes(MAX_EVENT_BYTES) });
const eventList = list(gatewayLog, MAX_FABRIC_EVENTS);

/** A gateway event without the contract that emitted it. */
export type FabricLog = Pick<EvmLog, "topics" | "data">;

/** Payload of the chaincode's event. */
export const encodeFabricEvents = (logs: readonly FabricLog[]): Uint8Array =>
  encodeMessage(
    eventList,
    logs.map(({ topics, data }) => {
      const [topic, from, to] = topics;
      if (topic === undefined || from === undefined || to === undefined) throw new Error("a gateway event has three topics");
      return { topic, from, to, data };
    }),
  );

/** Reads the payload of the chaincode's event. @throws proof.fabric.malformed */
export const decodeFabricEvents = (untrustedPayload: Uint8Array): readonly FabricLog[] => {
  const decoded = decodeMessage(eventList, untrustedPayload);
  if (!decoded.ok) throw new CodedError("proof.fabric.malformed", { what: "event", why: decoded.failure.code });
  return decoded.value.map(({ topic, from, to, data }) => ({ topics: [topic, from, to], data }));
};
