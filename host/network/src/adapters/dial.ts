import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { type TlsName } from "@crossguardian/wire";
import { type Address } from "../parse-address.ts";

const KEEP_ALIVE_MS = 30_000;

/** Makes a socket fit for streams: no delay, both halves on their own, a dead peer is noticed. */
export const tuneSocket = (socket: Socket): Socket => {
  socket.setNoDelay(true);
  socket.setKeepAlive(true, KEEP_ALIVE_MS);
  return socket;
};

/** Starts a connection; `onReady` is called when bytes can pass (after the certificate was checked, with TLS of this version or a later one). */
export const dial = (address: Address, tlsMin: TlsName, onReady: () => void): Socket => {
  switch (address.scheme) {
    case "unix":
      return connect({ path: address.path, allowHalfOpen: true }, onReady);
    case "tcp":
      return tuneSocket(connect({ host: address.host, port: address.port, allowHalfOpen: true }, onReady));
    case "tls":
      return tuneSocket(
        connectTls(
          {
            host: address.host,
            port: address.port,
            servername: /^[\d.:]+$/u.test(address.host) ? "" : address.host,
            rejectUnauthorized: true,
            minVersion: tlsMin,
            ALPNProtocols: ["http/1.1"],
          },
          onReady,
        ),
      );
  }
};
