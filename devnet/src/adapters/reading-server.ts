import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";

import { type RawData, WebSocket, WebSocketServer } from "ws";

import { answerCall, type AskUpstream, type Behaviour, retell } from "../proxy/answer.ts";
import { decodeCall } from "../proxy/call.ts";
import { isHeader } from "../proxy/header-json.ts";

const MAX_REQUEST_BYTES = 16 * 1024 * 1024;
const MAX_WAITING_CALLS = 100;
const CLOSE_UNREACHABLE = 1011;

/** What the modes that read need from the machine. */
export type ReadingPorts = {
  readonly behaviour: () => Behaviour;
  readonly ask: AskUpstream;
  readonly upstreamWsUrl: string;
  readonly rewritten: () => void;
};

const answerText = async (text: string, ports: ReadingPorts): Promise<string> => {
  const untrustedRequest: unknown = JSON.parse(text);
  const one = async (untrusted: unknown): Promise<unknown> =>
    answerCall(decodeCall(untrusted), ports.behaviour(), ports.ask);
  const answer = Array.isArray(untrustedRequest)
    ? await Promise.all(untrustedRequest.map(one))
    : await one(untrustedRequest);
  ports.rewritten();
  return JSON.stringify(answer);
};

const readBody = async (request: IncomingMessage): Promise<string> => {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes > MAX_REQUEST_BYTES) throw new Error("request too large");
    parts.push(part);
  }
  return Buffer.concat(parts).toString("utf8");
};

const answerHttp = async (
  request: IncomingMessage,
  response: ServerResponse,
  ports: ReadingPorts,
): Promise<void> => {
  try {
    const answer = await answerText(await readBody(request), ports);
    response.writeHead(200, { "content-type": "application/json" }).end(answer);
  } catch {
    response.writeHead(400).end();
  }
};

const rawText = (data: RawData): string =>
  (Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data as Buffer)).toString("utf8");

/** Subscription notices come from a socket of their own to the node; everything else is answered call by call. */
const answerSocket = (client: WebSocket, ports: ReadingPorts): void => {
  const upstream = new WebSocket(ports.upstreamWsUrl);
  const waiting: string[] = [];
  upstream.on("open", () => {
    for (const text of waiting.splice(0)) upstream.send(text);
  });
  const toUpstream = (text: string): void => {
    if (upstream.readyState === WebSocket.OPEN) upstream.send(text);
    else if (waiting.length < MAX_WAITING_CALLS) waiting.push(text);
    else client.terminate();
  };
  const say = (text: string): void => {
    const times = ports.behaviour().mode.kind === "double" ? 2 : 1;
    for (let time = 0; time < times && client.readyState === WebSocket.OPEN; time += 1) client.send(text);
  };
  const notice = async (text: string): Promise<void> => {
    const message = JSON.parse(text) as { method?: string; params?: { result?: unknown } };
    const header = message.params?.result;
    if (message.method !== "eth_subscription" || !isHeader(header)) { say(text); return; }
    const told = await retell(header, ports.behaviour());
    if (told === null) return;
    ports.rewritten();
    say(JSON.stringify({ ...message, params: { ...message.params, result: told } }));
  };
  upstream.on("message", (data) => {
    notice(rawText(data)).catch(() => client.terminate());
  });
  client.on("message", (data) => {
    const text = rawText(data);
    const subscribes = /"eth_(un)?subscribe"/u.test(text) && ports.behaviour().mode.kind !== "error";
    if (subscribes) return toUpstream(text);
    answerText(text, ports).then(say, () => client.terminate());
  });
  upstream.on("close", () => client.close(CLOSE_UNREACHABLE));
  upstream.on("error", () => client.terminate());
  client.on("error", () => upstream.terminate());
  client.on("close", () => upstream.terminate());
};

/** A server that is never bound: the proxy hands it the connections of the modes that read. */
export const makeReadingServer = (ports: ReadingPorts): Server => {
  const sockets = new WebSocketServer({ noServer: true, maxPayload: MAX_REQUEST_BYTES });
  const server = createServer((request, response) => {
    void answerHttp(request, response, ports);
  });
  server.on("upgrade", (request, socket, head) => {
    sockets.handleUpgrade(request, socket, head, (client) => answerSocket(client, ports));
  });
  return server;
};
