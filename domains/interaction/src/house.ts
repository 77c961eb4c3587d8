import { type Registry } from "@crossguardian/protocol";
import { type ChainWatch } from "./chain-watch.ts";
import { type Inbound } from "./inbound.ts";
import { type MessageCipher } from "./message-cipher.ts";
import { type Outbound, type OwnedPublication } from "./outbound.ts";
import { type PrivateBodies } from "./private-bodies.ts";
import { type Publisher } from "./publisher.ts";
import { type Submitters } from "./submitters.ts";
import { type Traces } from "./trace.ts";

/** One chain of the house with its plugin and witnesses. */
export type ChainRoom = {
  readonly name: string;
  readonly plugin: string;
  readonly witnesses: readonly string[];
  readonly watch: ChainWatch;
  readonly submitters: Submitters;
};

/** The parts of a running interaction domain; for status, tests and the wiring. */
export type House = {
  readonly rooms: ReadonlyMap<string, ChainRoom>;
  readonly outbound: Outbound;
  readonly inbound: Inbound;
  readonly publisher: Publisher<OwnedPublication>;
  readonly bodies: PrivateBodies;
  readonly cipher: MessageCipher;
  readonly traces: Traces;
  readonly registry: () => Registry;
};
