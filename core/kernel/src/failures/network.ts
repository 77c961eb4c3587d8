import { type FailureTable } from "./failure-table.ts";

/** Failure codes of the area `network`. */
export const NETWORK_FAILURES = {
  "network.address.malformed": { action: "alarm", says: "an address is not tcp://host:port, tls://host:port or unix:/path" },
  "network.grant.twice": { action: "alarm", says: "an endpoint or intake is listed twice for one domain" },
  "network.intake.listen": { action: "alarm", says: "an intake could not listen at its address" },
  "network.endpoint.notListed": { action: "refuse", says: "the domain asked for an endpoint that is not on its list" },
  "network.endpoint.unreachable": { action: "retry", says: "the endpoint did not take the connection" },
  "network.endpoint.late": { action: "retry", says: "the endpoint did not answer within the connect deadline" },
  "network.endpoint.certificate": { action: "alarm", says: "the endpoint's certificate does not prove its name" },
  "network.stream.limit": { action: "retry", says: "the domain has as many streams open as it may" },
  "network.stream.known": { action: "refuse", says: "the domain opened a stream number that is in use" },
  "network.stream.window": { action: "refuse", says: "the domain sent more than it had credit for" },
  "network.stream.reset": { action: "retry", says: "the stream was cut off" },
} as const satisfies FailureTable;
