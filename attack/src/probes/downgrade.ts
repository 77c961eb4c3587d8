import { once } from "node:events";
import { type AddressInfo, type Socket } from "node:net";
import { connect, createServer, type SecureVersion } from "node:tls";

import { dial } from "@crossguardian/network";
import { NO_PROFILES, tlsNameOf } from "@crossguardian/wire";

import { type Layer } from "../cell/layers.ts";
import { type GatewayProbe } from "../probe.ts";

const HOST = "127.0.0.1";
const SECRET = "what-the-plugin-asks-its-node";
/** Key exchange that nobody signs, and no lower bound of strength (openssl-ciphers(1)). */
const UNSIGNED = "AECDH-AES128-SHA:@SECLEVEL=0";
const OLDEST: SecureVersion = "TLSv1";
const DEADLINE_MS = 5_000;

/** Somebody between the gateway and its node, who has no certificate for the node's name. */
const BETWEEN: Readonly<Record<string, readonly [says: string, version: SecureVersion]>> = {
  oldVersion: ["have the network domain speak TLS 1.1 with an endpoint that it lists", "TLSv1.1"],
  noCertificate: ["have the network domain speak TLS 1.2 without a certificate with an endpoint that it lists", "TLSv1.2"],
};

const opened = (port: number, layers: ReadonlySet<Layer>, onReady: () => void): Socket => {
  const minVersion = tlsNameOf(NO_PROFILES.tlsMin);
  if (layers.has("tls") && layers.has("certificate")) return dial({ scheme: "tls", host: HOST, port }, minVersion, onReady);
  return connect({
    host: HOST, port, servername: "", rejectUnauthorized: layers.has("certificate"),
    ...(layers.has("tls") ? { minVersion } : { minVersion: OLDEST, ciphers: UNSIGNED }),
  }, onReady);
};

/** Canary: what the one between has heard. */
const isHeard = async (version: SecureVersion, layers: ReadonlySet<Layer>): Promise<boolean> => {
  const server = createServer({ ciphers: UNSIGNED, minVersion: version, maxVersion: version });
  const heard = new Promise<boolean>((resolve) => {
    server.on("secureConnection", (socket) => socket.on("error", () => undefined).on("data", (part: Buffer) => resolve(part.includes(SECRET))));
  });
  server.on("tlsClientError", () => undefined);
  server.listen(0, HOST);
  await once(server, "listening");
  const socket = opened((server.address() as AddressInfo).port, layers, () => socket.write(SECRET));
  let stopWaiting: () => void = () => undefined;
  const refused = new Promise<boolean>((resolve) => {
    const timer = setTimeout(() => resolve(false), DEADLINE_MS);
    stopWaiting = () => clearTimeout(timer);
    socket.on("error", () => resolve(false)).on("close", () => resolve(false));
  });
  try {
    return await Promise.race([heard, refused]);
  } finally {
    stopWaiting();
    socket.destroy();
    server.close();
  }
};

/** Downgrades of TLS, against the back end of the split network device. */
export const DOWNGRADE_PROBES: readonly GatewayProbe[] = Object.entries(BETWEEN).map(([name, [says, version]]) => ({
  id: `network.tls-${name}`,
  group: "network",
  threat: "read what a plugin asks its node, between the two",
  says,
  layers: ["tls", "certificate"],
  succeeds: async (layers) => isHeard(version, layers),
}));
