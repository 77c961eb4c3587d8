import { type ClientHttp2Session, type ClientHttp2Stream, connect as connectHttp2, constants, type IncomingHttpHeaders } from "node:http2";
import { type Duplex } from "node:stream";
import { connect as connectTls } from "node:tls";
import { failure } from "@crossguardian/kernel";
import { type EndpointConfig } from "@crossguardian/protocol";
import { type TlsName } from "@crossguardian/wire";
import { frameGrpcMessage, GRPC_STATUS, type GrpcAnswer, type GrpcFailure, makeGrpcReader, type OpenGrpc } from "../grpc.ts";
import { CONNECT_DEADLINE_MS, MAX_GRPC_HEADER_BYTES, MAX_GRPC_MESSAGE_BYTES, MAX_OPEN_CALLS, PING_DEADLINE_MS, PING_EVERY_MS } from "../limits.ts";
import { type FabricSettings } from "../settings.ts";

const WINDOW_BYTES = 4 * 1024 * 1024;
const HTTP_OK = 200;
const MAX_TOLD_CHARS = 1024;

const text = (headers: IncomingHttpHeaders, name: string): string => {
  const value = headers[name];
  return typeof value === "string" ? value.slice(0, MAX_TOLD_CHARS) : "";
};

const failureOf = (headers: IncomingHttpHeaders): GrpcFailure | null => {
  const status = headers["grpc-status"];
  if (typeof status !== "string") return null;
  const details = headers["grpc-status-details-bin"];
  let message = text(headers, "grpc-message");
  try {
    message = decodeURIComponent(message);
  } catch {
    // told as it came
  }
  return { code: Number(status), message, details: typeof details === "string" ? Uint8Array.from(Buffer.from(details, "base64")) : null };
};

const LOST: GrpcFailure = { code: GRPC_STATUS.unavailable, message: "the connection ended", details: null };

/** TLS inside the domain where the endpoint's scheme is grpcs: the authority comes with the settings, and the network domain sees ciphertext. */
const secure = (socket: Duplex, endpoint: EndpointConfig, settings: FabricSettings, tlsMin: TlsName): Duplex => {
  const own = settings.endpoints.find(({ name }) => name === endpoint.name) ?? settings.endpoints.find(({ name }) => name === endpoint.host);
  const host = endpoint.host.replace(/:\d+$/u, "");
  return connectTls({
    socket,
    servername: own?.serverName === undefined || own.serverName === "" ? host : own.serverName,
    ...(own === undefined || own.authorityPem === "" ? {} : { ca: own.authorityPem }),
    ALPNProtocols: ["h2"],
    minVersion: tlsMin,
    rejectUnauthorized: true,
  });
};

type Ended = (failure: GrpcFailure) => void;

/** Starts a call on a session and sends its one message. */
const start = (session: ClientHttp2Session, path: string, message: Uint8Array, keepsOpen: boolean, deadlineMs: number | null): ClientHttp2Stream => {
  const stream = session.request(
    {
      [constants.HTTP2_HEADER_METHOD]: "POST",
      [constants.HTTP2_HEADER_PATH]: path,
      [constants.HTTP2_HEADER_TE]: "trailers",
      [constants.HTTP2_HEADER_CONTENT_TYPE]: "application/grpc",
      ...(deadlineMs === null ? {} : { "grpc-timeout": `${Math.ceil(deadlineMs).toString()}m` }),
    },
    { endStream: false },
  );
  if (keepsOpen) stream.write(frameGrpcMessage(message));
  else stream.end(frameGrpcMessage(message));
  return stream;
};

/** Reads answers until the call ends; `ended` is called once. */
const readAnswers = (stream: ClientHttp2Stream, onMessage: (message: Uint8Array) => void, ended: Ended): void => {
  const read = makeGrpcReader(MAX_GRPC_MESSAGE_BYTES);
  let isOver = false;
  const end = (why: GrpcFailure): void => {
    if (isOver) return;
    isOver = true;
    ended(why);
    stream.destroy();
  };
  stream.on("response", (headers) => {
    const failed = failureOf(headers);
    if (failed !== null) end(failed);
    else if (headers[":status"] !== HTTP_OK) end({ code: GRPC_STATUS.unavailable, message: "no gRPC", details: null });
  });
  stream.on("data", (piece: Buffer) => {
    if (isOver) return;
    const messages = read(piece);
    if (messages === null) end({ code: GRPC_STATUS.unknown, message: "framing", details: null });
    else for (const each of messages) onMessage(each);
  });
  stream.on("trailers", (headers: IncomingHttpHeaders) => end(failureOf(headers) ?? LOST));
  stream.on("error", () => end(LOST));
  stream.on("close", () => end(LOST));
};

/** Asks the other side whether it lives, one question at a time; `onSilent` is called when no answer comes in time. */
const makePing = (session: ClientHttp2Session, onSilent: () => void): (() => void) => {
  let isAsked = false;
  return () => {
    if (isAsked || session.connecting || session.destroyed) return;
    isAsked = true;
    const silent = setTimeout(onSilent, PING_DEADLINE_MS);
    session.ping(() => {
      clearTimeout(silent);
      isAsked = false;
    });
  };
};

/** gRPC over HTTP/2 over streams that the domain is lent. */
export const openGrpc =
  (connect: () => Duplex, endpoint: EndpointConfig, settings: FabricSettings, tlsMin: TlsName = "TLSv1.2"): OpenGrpc =>
  ({ onUp, onDown }) => {
    const isSecure = endpoint.scheme === "grpcs";
    const lent = connect();
    const socket = isSecure ? secure(lent, endpoint, settings, tlsMin) : lent;
    const session = connectHttp2(`${isSecure ? "https" : "http"}://${endpoint.host}`, {
      createConnection: () => socket,
      settings: { initialWindowSize: WINDOW_BYTES, enablePush: false, maxHeaderListSize: MAX_GRPC_HEADER_BYTES },
      maxSessionMemory: 64,
    });
    let isDown = false;
    let isUp = false;
    let open = 0;
    const down = (what: string): void => {
      if (isDown) return;
      isDown = true;
      clearTimeout(late);
      clearInterval(pinging);
      session.destroy();
      lent.destroy();
      onDown(failure("fabric.peer.lost", { endpoint: endpoint.name, what }));
    };
    const late = setTimeout(() => down("deadline"), CONNECT_DEADLINE_MS);
    /** Messages that came. */
    let heard = 0;
    const askWhetherItLives = makePing(session, () => down("silent"));
    const pinging = setInterval(askWhetherItLives, PING_EVERY_MS);
    lent.on("error", () => down("stream"));
    if (socket !== lent) socket.on("error", (error) => down("code" in error && typeof error.code === "string" ? error.code.slice(0, 64) : "tls"));
    session.on("error", () => down("http2"));
    session.on("close", () => down("closed"));
    session.on("remoteSettings", () => {
      if (isUp || isDown) return;
      isUp = true;
      clearTimeout(late);
      session.setLocalWindowSize(2 * WINDOW_BYTES);
      onUp();
    });
    return {
      call: async (path, message, deadlineMs) =>
        new Promise<GrpcAnswer>((resolve) => {
          if (isDown || open >= MAX_OPEN_CALLS) {
            resolve({ ok: false, ...LOST });
            return;
          }
          open += 1;
          let answer: Uint8Array | null = null;
          const heardBefore = heard;
          const timer = setTimeout(() => {
            finish({ ok: false, code: GRPC_STATUS.deadline, message: "deadline", details: null });
            if (heard === heardBefore) askWhetherItLives();
          }, deadlineMs);
          const stream = start(session, path, message, false, deadlineMs);
          let isDone = false;
          const finish = (result: GrpcAnswer): void => {
            if (isDone) return;
            isDone = true;
            open -= 1;
            clearTimeout(timer);
            resolve(result);
            stream.destroy();
          };
          readAnswers(
            stream,
            (each) => {
              heard += 1;
              answer = each;
            },
            (ended) => finish(ended.code === GRPC_STATUS.ok && answer !== null ? { ok: true, message: answer } : { ok: false, ...ended }),
          );
        }),
      stream: (path, message, onMessage, onEnd) => {
        if (isDown) {
          queueMicrotask(() => onEnd(LOST));
          return { pause: () => undefined, resume: () => undefined, cancel: () => undefined };
        }
        const stream = start(session, path, message, true, null);
        readAnswers(
          stream,
          (each) => {
            heard += 1;
            onMessage(each);
          },
          onEnd,
        );
        return {
          pause: () => stream.pause(),
          resume: () => stream.resume(),
          cancel: () => stream.close(constants.NGHTTP2_CANCEL),
        };
      },
      close: () => down("closed"),
    };
  };
