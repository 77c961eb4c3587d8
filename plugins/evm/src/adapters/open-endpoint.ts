import { type Duplex } from "node:stream";
import { CodedError } from "@crossguardian/kernel";
import { type EndpointConfig } from "@crossguardian/protocol";
import { type OpenTransport } from "../rpc/transport.ts";
import { httpTransport } from "./http-transport.ts";
import { wsTransport } from "./ws-transport.ts";

/** Opener of a listed endpoint. @throws evm.config.endpoint for another scheme than ws or http. */
export const openEndpoint = (connect: () => Duplex, endpoint: EndpointConfig): OpenTransport => {
  if (endpoint.scheme === "ws") return wsTransport(connect, endpoint);
  if (endpoint.scheme === "http") return httpTransport(connect, endpoint);
  throw new CodedError("evm.config.endpoint", { endpoint: endpoint.name });
};
