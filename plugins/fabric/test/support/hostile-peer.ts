import { createPublicKey, randomBytes } from "node:crypto";
import { createSecureServer, type ServerHttp2Stream } from "node:http2";
import { issue, keyPem, makeKey, openOrganization, sealBlock, type NetworkAuthorities } from "@crossguardian/fabric-devnet";
import { peer } from "@hyperledger/fabric-protos";

/** Ways in which the answers are hostile. */
export const HOSTILE_MODES = ["hostile-bytes", "hostile-length", "hostile-genesis", "hostile-flood", "hostile-status", "hostile-headers"] as const;
export type HostileMode = (typeof HOSTILE_MODES)[number];

/** A server with a good certificate and bad answers. */
export type HostilePeer = { readonly port: number; mode: HostileMode; readonly stop: () => Promise<void> };

const frame = (message: Uint8Array): Buffer => {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
};

const forgedBlock = (height: number): Uint8Array => {
  const forged = openOrganization("OrdererMSP", stranger).member("orderer0", "orderer");
  const response = new peer.DeliverResponse();
  response.setBlock(sealBlock({ height, previousHash: randomBytes(32), envelopes: [randomBytes(64)], codes: Uint8Array.of(0), orderers: [forged] }).block);
  return response.serializeBinary();
};

let stranger: NetworkAuthorities["tls"];

const answer = (stream: ServerHttp2Stream, mode: HostileMode): void => {
  stream.on("error", () => undefined);
  const headers = { ":status": 200, "content-type": "application/grpc" };
  switch (mode) {
    case "hostile-headers":
      stream.respond({ ":status": 500, "x-long": "x".repeat(8_000) });
      stream.end();
      return;
    case "hostile-length":
      stream.respond(headers);
      stream.write(Buffer.of(0, 0xff, 0xff, 0xff, 0xff, 1, 2, 3));
      return;
    case "hostile-status":
      stream.respond({ ...headers, "grpc-status": "999", "grpc-message": "%zz".repeat(500), "grpc-status-details-bin": "!!!!" }, { endStream: true });
      return;
    case "hostile-genesis":
      stream.respond(headers);
      stream.write(frame(forgedBlock(0)));
      return;
    case "hostile-bytes":
      stream.respond(headers);
      stream.write(frame(randomBytes(4_000)));
      return;
    case "hostile-flood": {
      stream.respond(headers);
      const block = frame(forgedBlock(7));
      const pour = (): void => {
        for (let count = 0; count < 200 && !stream.destroyed && stream.writable; count += 1) if (!stream.write(block)) break;
        if (!stream.destroyed) stream.once("drain", pour);
      };
      pour();
    }
  }
};

/** Starts it with a certificate of the network's TLS authority. */
export const openHostilePeer = async (authorities: NetworkAuthorities): Promise<HostilePeer> => {
  stranger = authorities.tls;
  const { authority } = openOrganization("TLS", authorities.tls);
  const key = makeKey();
  const certificate = issue(authority, { commonName: "localhost", publicKey: createPublicKey(key), dnsNames: ["localhost"] });
  const server = createSecureServer({ key: keyPem(key), cert: certificate.pem });
  const sessions = new Set<{ destroy: () => void }>();
  const hostile = { port: 0, mode: "hostile-bytes" as HostileMode, stop: async () => Promise.resolve() };
  server.on("session", (session) => {
    sessions.add(session);
    session.on("error", () => undefined).on("close", () => sessions.delete(session));
  });
  server.on("stream", (stream) => answer(stream, hostile.mode));
  hostile.port = await new Promise<number>((resolve, reject) => {
    server.once("error", reject).listen(0, "127.0.0.1", () => {
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : 0);
    });
  });
  hostile.stop = async () => {
    for (const each of sessions) each.destroy();
    await new Promise((resolve) => server.close(resolve));
  };
  return hostile;
};
