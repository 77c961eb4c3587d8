export { makeRelayDomain, type RelayDomain, type RelayPorts } from "./relay-domain.ts";
